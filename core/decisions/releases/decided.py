"""What was decided, for many use cases at once: what is live, who signed it, which thresholds came first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.decisions.releases.quorum import APPROVING
from core.decisions.releases.states import PRODUCTION
from core.decisions.releases.tables import (
    DebtRow,
    DeploymentRow,
    PolicyRow,
    RequestRow,
    RoundRow,
    SealedRow,
    VoteRow,
)


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision under which a version is live; `signers` are (person, area) of the approving signatures.

    `unpaid` says that it came by an emergency release whose review is still owed.
    """

    use_case_id: str
    environment: str
    version_id: str
    request_id: str
    approved_at: datetime | None
    signers: frozenset[tuple[str, str]]
    unpaid: bool


def decided(session: Session, environment: str = PRODUCTION) -> dict[str, Decided]:
    """Return the decision that is live in an environment, by use case, in three statements."""
    here = (DeploymentRow.environment == environment, col(DeploymentRow.ended_at).is_(None))
    live = session.exec(
        select(DeploymentRow, RequestRow.approved_at)
        .join(RequestRow, col(RequestRow.id) == DeploymentRow.request_id)
        .where(*here)
    ).all()
    votes = session.exec(
        select(VoteRow.request_id, VoteRow.person_id, VoteRow.area)
        .join(DeploymentRow, col(DeploymentRow.request_id) == VoteRow.request_id)
        .join(RequestRow, col(RequestRow.id) == VoteRow.request_id)
        .join(RoundRow, (col(RoundRow.id) == VoteRow.round_id) & (col(RoundRow.number) == RequestRow.round))
        .where(*here, col(VoteRow.meaning).in_([m.value for m in APPROVING]))
    )
    signers: dict[str, set[tuple[str, str]]] = {}
    for request_id, person_id, area in votes:
        signers.setdefault(request_id, set()).add((person_id, area))
    owed = set(session.exec(select(DebtRow.request_id).where(col(DebtRow.paid_at).is_(None))))
    return {
        row.use_case_id: Decided(
            row.use_case_id, environment, row.version_id, row.request_id, approved_at,
            frozenset(signers.get(row.request_id, ())), row.request_id in owed,
        )
        for row, approved_at in live
    }  # fmt: skip


def first_sealed(session: Session, version_ids: Collection[str]) -> dict[str, datetime]:
    """Return when thresholds were first sealed for each of these versions."""
    query = (
        select(SealedRow.version_id, func.min(SealedRow.sealed_at))
        .where(col(SealedRow.version_id).in_(version_ids))
        .group_by(SealedRow.version_id)
    )
    return {version_id: at for version_id, at in session.exec(query) if at is not None}


def ruled_tiers(session: Session) -> frozenset[str]:
    """Return the risk tiers for which a policy is published."""
    return frozenset(session.exec(select(PolicyRow.tier).distinct()))
