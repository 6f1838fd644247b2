"""Decisions about compliance: which laws are followed, attestations, and answers that no evidence gives."""

from datetime import timedelta

from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assurance.compliance.laws import law as known_law
from core.assurance.compliance.tables import AttestationRow, FollowedLawRow, ModificationRow
from core.assurance.compliance.terms import terms
from core.errors import Conflict, Invalid, Refused
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
