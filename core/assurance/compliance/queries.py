"""Reading of compliance: which laws are followed, attestations, answers, documents in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.assurance.compliance.duty import Told
from core.assurance.compliance.facts import Clocks, Held
from core.assurance.compliance.laws import laws
from core.assurance.compliance.provision import Law
from core.assurance.compliance.tables import (
    AttestationRow,
    DocumentRow,
    DutyRow,
    FollowedLawRow,
    FormAnswerRow,
    ModificationRow,
)
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import open_texts


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestation, as people see it."""

    id: str
    statement: str
    signed_by: str
    signed_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Modification:
    """What was said of a version: a substantial modification or not, and why."""

    version_id: str
    substantial: bool
    reason: str
    answered_by: str
    answered_at: datetime


def followed(session: Session) -> tuple[Law, ...]:
    """Return the laws that this house follows: its own decisions before the default of each law."""
    query = select(FollowedLawRow.law, FollowedLawRow.followed).order_by(
        col(FollowedLawRow.decided_at), FollowedLawRow.id
    )
    decided = dict(session.exec(query).all())
    return tuple(law for law in laws() if decided.get(law.id, law.default))


def attestations(session: Session, use_case_id: str) -> tuple[Attestation, ...]:
    """Return the attestations to a use case, newest first."""
    query = select(AttestationRow).where(AttestationRow.use_case_id == use_case_id)
    rows = session.exec(query.order_by(col(AttestationRow.signed_at).desc(), AttestationRow.id)).all()
    said = open_texts(session, [row.statement for row in rows]) if rows else []
    return tuple(
        Attestation(row.id, text, row.signed_by, row.signed_at, row.until)
        for row, text in zip(rows, said, strict=True)
    )


def attested(session: Session) -> dict[str, datetime]:
    """Return until when each use case is attested, past days included."""
    query = select(AttestationRow.use_case_id, func.max(AttestationRow.until)).group_by(
        AttestationRow.use_case_id
    )
    return {use_case_id: until for use_case_id, until in session.exec(query) if until is not None}


def modification(session: Session, version_id: str) -> Modification | None:
    """Return what was said of a version, or none."""
    row = session.get(ModificationRow, version_id)
    if row is None:
        return None
    (reason,) = open_texts(session, [row.reason])
    return Modification(row.version_id, row.substantial, reason, row.answered_by, row.answered_at)


def answered_modifications(session: Session) -> frozenset[str]:
    """Return the versions of which it was said."""
    return frozenset(session.exec(select(ModificationRow.version_id)))


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """The newest answer to a question."""

    id: str
    question: str
    text: str
    answered_by: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document; shares are completeness by section, 0–1."""

    id: str
    use_case_id: str
    version_id: str
    kind: str
    number: int
    digest: str
    completeness: Mapping[str, float]
    made_by: str
    made_at: datetime
    approved_by: str
    approved_at: datetime | None
    review_by: datetime | None
    kept_until: datetime | None


def answers(session: Session, use_case_id: str) -> dict[str, FormAnswer]:
    """Return the newest answer to each question, for a use case."""
    query = select(FormAnswerRow).where(FormAnswerRow.use_case_id == use_case_id)
    rows = session.exec(query.order_by(col(FormAnswerRow.answered_at), FormAnswerRow.id)).all()
    newest = {row.question: row for row in rows}
    said = open_texts(session, [row.text for row in newest.values()]) if newest else []
    return {
        row.question: FormAnswer(row.id, row.question, text, row.answered_by, row.answered_at)
        for row, text in zip(newest.values(), said, strict=True)
    }


def documents(session: Session, use_case_id: str, kind: str | None = None) -> tuple[Document, ...]:
    """Return the documents of a use case, of one kind where it is named, the newest first."""
    query = select(DocumentRow).where(DocumentRow.use_case_id == use_case_id)
    if kind is not None:
        query = query.where(DocumentRow.kind == kind)
    rows = session.exec(query.order_by(col(DocumentRow.made_at).desc(), col(DocumentRow.number).desc()))
    return tuple(_document(row) for row in rows)


def document(session: Session, document_id: str) -> Document:
    """Return one document; raise `NotFound`."""
    row = session.get(DocumentRow, document_id)
    if row is None:
        raise NotFound("document.unknown", N_("There is no document {id}."), id=document_id)
    return _document(row)


def _document(row: DocumentRow) -> Document:
    return Document(
        row.id, row.use_case_id, row.version_id, row.kind, row.number, row.digest, row.completeness,
        row.made_by, row.made_at, row.approved_by, row.approved_at, row.review_by, row.kept_until,
    )  # fmt: skip


def documents_held(session: Session) -> dict[str, dict[str, Held]]:
    """Return the newest approved document of each kind, by use case."""
    query = (
        select(DocumentRow).where(col(DocumentRow.approved_at).is_not(None)).order_by(col(DocumentRow.number))
    )
    found: dict[str, dict[str, Held]] = {}
    for row in session.exec(query):
        if row.approved_at is not None and row.review_by is not None:
            held = Held(row.number, row.approved_at, row.review_by, row.kept_until)
            found.setdefault(row.use_case_id, {})[row.kind] = held
    return found


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """A duty to tell of an incident."""

    id: str
    incident_id: str
    duty: str
    law: str
    article: str
    told: Told
    due_at: datetime
    done_by: str
    done_at: datetime | None
    note: str


def duties_of(session: Session, use_case_id: str) -> tuple[HeldDuty, ...]:
    """Return the duties to tell of a use case's incidents, the nearest deadline first."""
    query = (
        select(DutyRow).where(DutyRow.use_case_id == use_case_id).order_by(col(DutyRow.due_at), DutyRow.id)
    )
    rows = session.exec(query).all()
    said = open_texts(session, [row.note for row in rows]) if rows else []
    return tuple(
        HeldDuty(
            row.id, row.incident_id, row.duty, row.law, row.article, Told(row.told), row.due_at, row.done_by,
            row.done_at, note,
        )
        for row, note in zip(rows, said, strict=True)
    )  # fmt: skip


def duty_clocks(session: Session, now: datetime) -> dict[str, Clocks]:
    """Return for each use case how its duties to tell of incidents stand."""
    rows = session.exec(select(DutyRow.use_case_id, DutyRow.due_at, DutyRow.done_at))
    found: dict[str, list[int]] = {}
    for use_case_id, due, done in rows:
        counted = found.setdefault(use_case_id, [0, 0, 0, 0])
        counted[0] += done is None
        counted[1] += done is None and due < now
        counted[2] += done is not None and done <= due
        counted[3] += done is not None and done > due
    return {use_case_id: Clocks(*counted) for use_case_id, counted in found.items()}
