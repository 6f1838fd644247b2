"""Reading of what was promised and lent: conditions, delegations, reviews owed, and what re-hashing found."""

from datetime import datetime

from sqlmodel import Session, col, select

from core.decisions.releases.delegation import Delegation
from core.decisions.releases.release import ArtifactCheck, Condition, Debt
from core.decisions.releases.standing import FactKind, Worth
from core.decisions.releases.tables import (
    ArtifactCheckRow,
    ConditionRow,
    DebtRow,
    DelegationRow,
    StandingRow,
)
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import open_texts


def conditions(session: Session, request_id: str) -> tuple[Condition, ...]:
    """Return the conditions of a request's approvals, the nearest due first."""
    query = select(ConditionRow).where(ConditionRow.request_id == request_id)
    rows = session.exec(query.order_by(col(ConditionRow.due_at), ConditionRow.id)).all()
    said = open_texts(session, [t for c in rows for t in (c.text, c.met_note)]) if rows else []
    return tuple(
        Condition(
            c.id, c.request_id, said[2 * n], c.owner_id, c.due_at, c.set_by, c.set_at, c.met_by, c.met_at,
            said[2 * n + 1],
        )
        for n, c in enumerate(rows)
    )  # fmt: skip


def delegations(session: Session, person_id: str | None = None) -> tuple[Delegation, ...]:
    """Return what was lent and has not been taken back, by or to a person where one is named; the newest first."""
    query = select(DelegationRow).where(col(DelegationRow.ended_at).is_(None))
    if person_id is not None:
        query = query.where((DelegationRow.person_id == person_id) | (DelegationRow.delegate_id == person_id))
    rows = session.exec(query.order_by(col(DelegationRow.starts_at).desc(), DelegationRow.id)).all()
    said = open_texts(session, [d.reason for d in rows]) if rows else []
    return tuple(
        Delegation(d.id, d.person_id, d.delegate_id, d.area, reason, d.starts_at, d.ends_at, d.ended_at)
        for d, reason in zip(rows, said, strict=True)
    )


def debts(session: Session) -> tuple[Debt, ...]:
    """Return every review that is owed, the nearest due first."""
    query = select(DebtRow).where(col(DebtRow.paid_at).is_(None)).order_by(col(DebtRow.due_at), DebtRow.id)
    return tuple(_debt(session, row) for row in session.exec(query))


def debt(session: Session, debt_id: str) -> Debt:
    """Return one review that is or was owed; raise `NotFound`."""
    row = session.get(DebtRow, debt_id)
    if row is None:
        raise NotFound("debt.unknown", N_("No review {id} is owed."), id=debt_id)
    return _debt(session, row)


def debt_of(session: Session, request_id: str) -> Debt | None:
    """Return the review that a request owes or owed, or none."""
    row = session.exec(select(DebtRow).where(DebtRow.request_id == request_id)).first()
    return None if row is None else _debt(session, row)


def artifact_checks(session: Session, deployment_id: str) -> tuple[ArtifactCheck, ...]:
    """Return what re-hashing a deployment's file found, the newest first."""
    query = (
        select(ArtifactCheckRow)
        .where(ArtifactCheckRow.deployment_id == deployment_id)
        .order_by(col(ArtifactCheckRow.first_at).desc(), ArtifactCheckRow.id)
    )
    return tuple(ArtifactCheck(c.found_digest, c.ok, c.first_at, c.last_at) for c in session.exec(query))


def last_standing(
    session: Session, deployment_id: str, at: datetime | None = None
) -> tuple[Worth, tuple[FactKind, ...]]:
    """Return what the sweep noted last about a deployment, by `at`; good where it had noted nothing yet."""
    noted = select(StandingRow).where(StandingRow.deployment_id == deployment_id)
    if at is not None:
        noted = noted.where(StandingRow.at <= at)
    newest = noted.order_by(col(StandingRow.at).desc(), col(StandingRow.id).desc()).limit(1)
    row = session.exec(newest).first()
    if row is None:
        return Worth.GOOD, ()
    return Worth(row.worth), tuple(FactKind(reason) for reason in row.reasons)


def _debt(session: Session, row: DebtRow) -> Debt:
    reason, finding = open_texts(session, [row.reason, row.finding])
    return Debt(
        row.id, row.request_id, row.use_case_id, row.environment, reason, row.reviewer_id, row.opened_by,
        row.opened_at, row.due_at, row.paid_by, row.paid_at, row.upheld, finding,
    )  # fmt: skip
