"""Compliance over REST: the law map, attestations, the question of substantial modification."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.api.repeats import Key, once
from app.wiring import reading, store
from core.assets.registry import queries as registry
from core.assurance.compliance import commands, coverage, document_export, gathering, queries, writing
from core.assurance.compliance.controls import Met
from core.assurance.compliance.provision import Force
from core.i18n import day, moment, nearest
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["compliance"])
Caller = Annotated[Actor, Depends(actor)]


class AnswerOut(BaseModel):
    """What one control found; `page` and `query` lead to the evidence."""

    control: str
    met: Met
    text: str
    page: str
    query: dict[str, str]


class ProvisionOut(BaseModel):
    """One provision for one use case, today."""

    id: str
    law: str
    article: str
    version: str
    valid_from: date
    status: Force
    as_known_on: date
    says: str
    met: Met
    not_ours: str
    answers: list[AnswerOut]


class CoverageOut(BaseModel):
    """The law map of one use case, as of a moment."""

    use_case: str
    as_of: datetime
    provisions: list[ProvisionOut]


class AttestationIn(BaseModel):
    """What was looked at."""

    statement: str = Field(max_length=4000)


class AttestationOut(BaseModel):
    """Who attested, and until when it holds; people are pseudonyms."""

    id: str
    statement: str
    signed_by: str
    signed_at: datetime
    until: datetime


class ModificationIn(BaseModel):
    """Whether a version changes the system substantially, and why."""

    substantial: bool
    reason: str = Field(max_length=4000)


class AnswerIn(BaseModel):
    """The answer, in plain words."""

    text: str = Field(max_length=4000)


class DocumentOut(BaseModel):
    """One version of a document; people are pseudonyms, completeness is by section."""

    id: str
    kind: str
    number: int
    sha256: str
    completeness: dict[str, float]
    made_by: str
    made_at: datetime
    approved_by: str
    approved_at: datetime | None
    review_by: datetime | None
    kept_until: datetime | None


class FollowIn(BaseModel):
    """Whether this house follows a law."""

    followed: bool


@router.get("/compliance/{use_case}", summary="The law map of a use case")
def get_coverage(use_case: str, caller: Caller) -> CoverageOut:
    """Answer every provision of every followed law with its state, computed now."""
    require(caller, Permission.VIEW)
    now = store().clock()
    with reading() as view:
        case = registry.use_case(view, use_case)
        (facts,) = gathering.facts(view, now, case.id)
        found = coverage.of_case(queries.followed(view), facts, gathering.house(view), now)
    return CoverageOut(use_case=use_case, as_of=now, provisions=[_provision(one) for one in found])


@router.get("/compliance/{use_case}/attestations", summary="Attestations to a use case")
def list_attestations(use_case: str, caller: Caller) -> list[AttestationOut]:
    """Answer the attestations, newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_attestation(a) for a in queries.attestations(view, registry.use_case(view, use_case).id)]


@router.post(
    "/compliance/{use_case}/attestations",
    status_code=status.HTTP_201_CREATED,
    summary="Attest to a use case",
    response_model=AttestationOut,
)
def attest(use_case: str, body: AttestationIn, request: Request, caller: Caller, key: Key = None) -> Response:
    """Sign that a use case still is what it says; refused for its owner and authors."""

    def act(uow: UnitOfWork) -> AttestationOut:
        case = registry.use_case(uow.session, use_case)
        made = commands.attest(uow, case.id, statement=body.statement)
        uow.session.flush()
        return _attestation(next(a for a in queries.attestations(uow.session, case.id) if a.id == made))

    return once(caller, request, key, body, act)


@router.get("/compliance/{use_case}/documents", summary="Documents of a use case")
def list_documents(use_case: str, caller: Caller) -> list[DocumentOut]:
    """Answer every version of every document, the newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_document(d) for d in queries.documents(view, registry.use_case(view, use_case).id)]


@router.post(
    "/compliance/{use_case}/documents/{kind}",
    status_code=status.HTTP_201_CREATED,
    summary="Write a document from the evidence of now",
)
def write_document(use_case: str, kind: str, caller: Caller) -> DocumentOut:
    """Write the next version of a document."""
    with reading() as view:
        case = registry.use_case(view, use_case)
    made = writing.make(store(), caller, case.id, kind)
    with reading() as view:
        return _document(queries.document(view, made))


@router.get("/documents/{document}.{ending}", summary="A document as PDF, DOCX or JSON")
def get_document(
    document: str, ending: Literal["pdf", "docx", "json"], caller: Caller, language: str = "en"
) -> Response:
    """Answer a document in a language; in the JSON, each line names the log entry that holds its evidence.

    `GET /audit/events/{event}` answers that entry with its proof.
    """
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.document(view, document)
        kept = writing.read(view, store().files, found.digest)
    make, mime = document_export.FORMS[ending]
    approved = day(found.approved_at) if found.approved_at else ""
    cover = document_export.Cover(found.number, found.digest, moment(found.made_at), approved)
    name = f"{found.kind}-{found.number}.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(make(kept[nearest(language)], cover), media_type=mime, headers=headers)


@router.post(
    "/documents/{document}/approval",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Put a document in force",
)
def approve_document(document: str, caller: Caller) -> None:
    """Approve a document; refused for whoever wrote it."""
    with store().unit_of_work(caller) as uow:
        commands.approve_document(uow, document)


@router.put(
    "/compliance/{use_case}/answers/{question}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Answer a question that no evidence settles",
)
def answer_question(use_case: str, question: str, body: AnswerIn, caller: Caller) -> None:
    """Record an answer for every document that asks the question."""
    with store().unit_of_work(caller) as uow:
        case = registry.use_case(uow.session, use_case)
        commands.answer_question(uow, case.id, question, body.text)


@router.put(
    "/compliance/{use_case}/{number}/modification",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Say whether a version is a substantial modification",
)
def answer_modification(use_case: str, number: int, body: ModificationIn, caller: Caller) -> None:
    """Record the answer; it stays."""
    with store().unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, use_case, number)
        commands.answer_modification(uow, version.id, substantial=body.substantial, reason=body.reason)


@router.put("/laws/{law}", status_code=status.HTTP_204_NO_CONTENT, summary="Follow a law, or leave it")
def follow(law: str, body: FollowIn, caller: Caller) -> None:
    """Decide whether this house follows a law."""
    with store().unit_of_work(caller) as uow:
        commands.follow_law(uow, law, followed=body.followed)


def _provision(one: coverage.Status) -> ProvisionOut:
    p = one.provision
    return ProvisionOut(
        id=p.id, law=p.law, article=p.article, version=p.version, valid_from=p.valid_from, status=p.status,
        as_known_on=p.as_known_on, says=p.says["en"], met=one.met, not_ours=p.not_ours.get("en", ""),
        answers=[
            AnswerOut(control=name, met=a.met, text=a.text(), page=a.page, query=dict(a.query))
            for name, a in one.answers
        ],
    )  # fmt: skip


def _attestation(found: queries.Attestation) -> AttestationOut:
    return AttestationOut(
        id=found.id, statement=found.statement, signed_by=found.signed_by, signed_at=found.signed_at,
        until=found.until,
    )  # fmt: skip


def _document(found: queries.Document) -> DocumentOut:
    return DocumentOut(
        id=found.id, kind=found.kind, number=found.number, sha256=found.digest,
        completeness=dict(found.completeness), made_by=found.made_by, made_at=found.made_at,
        approved_by=found.approved_by, approved_at=found.approved_at, review_by=found.review_by,
        kept_until=found.kept_until,
    )  # fmt: skip
