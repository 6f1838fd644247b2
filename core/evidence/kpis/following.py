"""Who follows a KPI besides its owner: a breach of it waits for them too."""

from sqlmodel import Session, col, select

from core.evidence.kpis import queries
from core.evidence.kpis.tables import FollowRow
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def follow(uow: UnitOfWork, kpi_id: str) -> None:
    """Tell the caller when this KPI breaks; again is no harm. Raise `NotFound`."""
    require(uow.actor, Permission.VIEW)
    held = queries.kpi(uow.session, kpi_id)
    if uow.session.get(FollowRow, (held.id, uow.actor.id)) is not None:
        return
    uow.session.add(FollowRow(kpi_id=held.id, person_id=uow.actor.id, since=uow.now))
    uow.record("subscription.began", "kpi", held.id)


def unfollow(uow: UnitOfWork, kpi_id: str) -> None:
    """Tell the caller no more; without having followed, nothing changes."""
    require(uow.actor, Permission.VIEW)
    row = uow.session.get(FollowRow, (kpi_id, uow.actor.id))
    if row is None:
        return
    uow.session.delete(row)
    uow.record("subscription.ended", "kpi", kpi_id)


def followed(session: Session, person_id: str) -> frozenset[str]:
    """Return the KPIs that somebody follows."""
    return frozenset(session.exec(select(FollowRow.kpi_id).where(col(FollowRow.person_id) == person_id)))
