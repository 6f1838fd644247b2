"""Decisions about compliance: laws that are followed, attestations, documents, answers that no evidence gives."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assurance.compliance import queries
from core.assurance.compliance.duty import Trait, owed
from core.assurance.compliance.laws import law as known_law
from core.assurance.compliance.tables import (
    AttestationRow,
    DocumentRow,
    DutyRow,
    FollowedLawRow,
    FormAnswerRow,
    ModificationRow,
)
from core.assurance.compliance.templates import questions, template
from core.assurance.compliance.terms import terms
from core.decisions.incidents import queries as incidents
from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.store import UnitOfWork

SHORTEST = 20
LONGEST = 2_000


def follow_law(uow: UnitOfWork, law_id: str, *, followed: bool) -> None:
    """Decide that a law is followed, or no longer; raise `NotFound` for one that is not in `data/law`."""
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    law = known_law(law_id)
    uow.session.add(
        FollowedLawRow(
            id=new_id("law"), law=law.id, followed=followed, decided_by=uow.actor.id, decided_at=uow.now
        )
    )
    uow.record("law.followed" if followed else "law.left", "law", law.id)


def attest(uow: UnitOfWork, use_case_id: str, *, statement: str) -> str:
    """Attest that a use case still is what it says, for as long as the terms of its tier say; return the id.

    Raise `Refused` for its owner and for whoever uploaded a version that is live or newest: independence is the point.
    """
    require(uow.actor, Permission.ATTEST)
    case = registry.use_case_by_id(uow.session, use_case_id)
    authors = {v.author_id for v in registry.versions(uow.session, use_case_id)}
    if uow.actor.id == case.owner_id or uow.actor.id in authors:
        raise Refused(
            "attestation.not_independent",
            N_("You may not attest to this use case: you own it, or made a version of it."),
            fix=N_("Ask somebody of compliance or independent validation who did neither."),
            subject_kind="use_case",
            subject_id=use_case_id,
        )
    said = _said(statement, "statement")
    row = AttestationRow(
        id=new_id("att"),
        use_case_id=use_case_id,
        statement=seal_text(uow, uow.actor.id, said),
        signed_by=uow.actor.id,
        signed_at=uow.now,
        until=uow.now + timedelta(days=terms().attestation_days[case.risk_tier]),
    )
    uow.session.add(row)
    uow.record(
        "attestation.signed",
        "use_case",
        use_case_id,
        {"until": row.until.isoformat(), "statement_hmac": digest_text(uow, uow.actor.id, said)},
    )
    return row.id


def answer_modification(uow: UnitOfWork, version_id: str, *, substantial: bool, reason: str) -> None:
    """Say whether a version is a substantial modification (AI Act 25, 43(4)); raise `Conflict` where it was said."""
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    version = registry.version(uow.session, version_id)
    said = _said(reason, "reason")
    query = select(ModificationRow).where(col(ModificationRow.version_id) == version.id).with_for_update()
    if uow.session.exec(query).first() is not None:
        raise Conflict(
            "modification.answered",
            N_("This was answered already, and an answer stays."),
            fix=N_("Open a finding on the version where it was wrong."),
        )
    uow.session.add(
        ModificationRow(
            version_id=version.id,
            substantial=substantial,
            reason=seal_text(uow, uow.actor.id, said),
            answered_by=uow.actor.id,
            answered_at=uow.now,
        )
    )
    uow.record(
        "modification.answered",
        "version",
        version.id,
        {"substantial": substantial, "reason_hmac": digest_text(uow, uow.actor.id, said)},
    )


def answer_question(uow: UnitOfWork, use_case_id: str, question: str, text: str) -> str:
    """Answer a question that no evidence settles, for every document that asks it; earlier answers stay."""
    require(uow.actor, Permission.ANSWER_FORM)
    case = registry.use_case_by_id(uow.session, use_case_id)
    if question not in questions():
        raise NotFound("question.unknown", N_("There is no question {id}."), id=question)
    said = _said(text, "text")
    row = FormAnswerRow(
        id=new_id("ans"),
        use_case_id=case.id,
        question=question,
        text=seal_text(uow, uow.actor.id, said),
        answered_by=uow.actor.id,
        answered_at=uow.now,
    )
    uow.session.add(row)
    uow.record(
        "question.answered",
        "compliance_answer",
        row.id,
        {
            "use_case": case.id,
            "question": question,
            "text_hmac": digest_text(uow, uow.actor.id, said),
        },
    )
    return row.id


def register_document(
    uow: UnitOfWork,
    use_case_id: str,
    kind: str,
    *,
    digest: str,
    version_id: str,
    completeness: Mapping[str, float],
) -> str:
    """Register a written document as the next version of its kind; return its id."""
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    form = template(kind)
    query = select(DocumentRow).where(DocumentRow.use_case_id == use_case_id, DocumentRow.kind == kind)
    earlier = uow.session.exec(query.order_by(col(DocumentRow.number).desc()).with_for_update()).first()
    row = DocumentRow(
        id=new_id("doc"),
        use_case_id=use_case_id,
        version_id=version_id,
        kind=kind,
        number=earlier.number + 1 if earlier else 1,
        digest=digest,
        completeness=dict(completeness),
        made_by=uow.actor.id,
        made_at=uow.now,
    )
    uow.session.add(row)
    uow.record(
        "document.made",
        "document",
        row.id,
        {
            "kind": kind,
            "number": row.number,
            "sha256": digest,
            "template": form.version,
            "use_case": use_case_id,
        },
    )
    return row.id


def approve_document(uow: UnitOfWork, document_id: str) -> None:
    """Put a document in force; by somebody other than who made it.

    Raise `Refused` for its maker, `Conflict` for one that is approved or that a newer one has overtaken.
    """
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    row = uow.session.exec(select(DocumentRow).where(DocumentRow.id == document_id).with_for_update()).first()
    if row is None:
        raise NotFound("document.unknown", N_("There is no document {id}."), id=document_id)
    if row.made_by == uow.actor.id:
        raise Refused(
            "document.own",
            N_("You made this document, so somebody else approves it."),
            fix=N_("Ask another person of compliance."),
            subject_kind="document",
            subject_id=row.id,
        )
    newer = select(DocumentRow.id).where(
        DocumentRow.use_case_id == row.use_case_id,
        DocumentRow.kind == row.kind,
        DocumentRow.number > row.number,
    )
    if row.approved_at is not None or uow.session.exec(newer).first() is not None:
        raise Conflict(
            "document.settled",
            N_("This document is approved already, or there is a newer version of it."),
            fix=N_("Open the newest version."),
        )
    case = registry.use_case_by_id(uow.session, row.use_case_id)
    row.approved_by, row.approved_at = uow.actor.id, uow.now
    row.review_by = uow.now + timedelta(days=terms().document_review_days[case.risk_tier])
    if template(row.kind).kept:
        row.kept_until = uow.now + timedelta(days=366 * terms().keep_years)
    uow.session.add(row)
    uow.record(
        "document.approved",
        "document",
        row.id,
        {"kind": row.kind, "number": row.number, "sha256": row.digest, "use_case": row.use_case_id},
    )


def classify_incident(uow: UnitOfWork, incident_id: str, traits: Collection[Trait]) -> tuple[str, ...]:
    """Say what an incident is; each duty that follows under the followed laws starts its clock when it was noticed.

    Return the duties that are new. Saying more later adds duties and takes none away.
    """
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    incident = incidents.incident(uow.session, incident_id)
    known = set(
        uow.session.exec(select(DutyRow.duty).where(DutyRow.incident_id == incident_id).with_for_update())
    )
    laws = {law.id for law in queries.followed(uow.session)}
    new = [d for d in owed(traits, laws) if d.id not in known]
    for duty in new:
        uow.session.add(
            DutyRow(
                id=new_id("duty"),
                incident_id=incident_id,
                use_case_id=incident.use_case_id,
                duty=duty.id,
                law=duty.law,
                article=duty.article,
                told=duty.to.value,
                due_at=duty.due(incident.noticed_at),
                set_by=uow.actor.id,
                set_at=uow.now,
            )
        )
    uow.record(
        "incident.classified",
        "incident",
        incident_id,
        {"traits": sorted(traits), "duties": [d.id for d in new], "use_case": incident.use_case_id},
    )
    return tuple(d.id for d in new)


def fulfil_duty(uow: UnitOfWork, duty_id: str, *, note: str) -> None:
    """Say that authority or people were told, how and with what."""
    require(uow.actor, Permission.GOVERN_COMPLIANCE)
    row = uow.session.exec(select(DutyRow).where(DutyRow.id == duty_id).with_for_update()).first()
    if row is None:
        raise NotFound("duty.unknown", N_("There is no duty {id}."), id=duty_id)
    if row.done_at is not None:
        raise Conflict("duty.done", N_("This was done already."), fix=N_("Load the page again."))
    said = _said(note, "note")
    row.done_by, row.done_at = uow.actor.id, uow.now
    row.note = seal_text(uow, uow.actor.id, said)
    uow.session.add(row)
    uow.record(
        "incident.told",
        "incident",
        row.incident_id,
        {
            "duty": row.duty,
            "to": row.told,
            "in_time": uow.now <= row.due_at,
            "note_hmac": digest_text(uow, uow.actor.id, said),
        },
    )


def _said(text: str, field: str) -> str:
    said = text.strip()
    if not SHORTEST <= len(said) <= LONGEST:
        raise Invalid(
            "compliance.text",
            N_("This needs between {least} and {most} characters."),
            fix=N_("Say what you looked at, and why you come to this."),
            field=field,
            least=SHORTEST,
            most=LONGEST,
        )
    return said
