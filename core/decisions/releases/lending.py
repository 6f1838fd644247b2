"""Lend one's seat to another person until a day, and take it back."""

from datetime import datetime

from sqlmodel import select

from core.decisions.findings.limits import limits
from core.decisions.releases.tables import DelegationRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import AREAS, Permission, allowed, require
from core.platform.access.personal import seal_text
from core.platform.store import Actor, UnitOfWork


def delegate(uow: UnitOfWork, *, area: str, to: str, until: datetime, reason: str = "") -> str:
    """Let another person sign for one's own area until a moment; return the delegation's id.

    It ends by itself. Whether it counts is asked at every signature: never for a version that either of the two
    had a hand in, never for a seat that is lent on.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    if area not in uow.actor.roles or area not in {a.value for a in AREAS}:
        raise Refused(
            "delegation.not_your_area",
            N_("You can lend only a seat of your own."),
            fix=N_("Choose an area that you belong to."),
            area=area,
        )
    holder = access.find(uow.session, to)
    if holder is None or holder.disabled or to == uow.actor.id:
        raise Invalid("delegation.person", N_("Choose another person whose account is open."), field="to")
    if not allowed(Actor(holder.id, "person", holder.roles), Permission.DECIDE_RELEASE):
        raise Invalid(
            "delegation.no_area",
            N_("Only somebody who belongs to a deciding area can stand in."),
            field="to",
        )
    longest = limits().delegation
    if not uow.now < until <= uow.now + longest:
        raise Invalid(
            "delegation.span",
            N_("A delegation ends within {n} days."),
            fix=N_("Choose an earlier day in the future."),
            field="until",
            n=longest.days,
        )
    same = select(DelegationRow.id).where(
        DelegationRow.person_id == uow.actor.id,
        DelegationRow.area == area,
        DelegationRow.ended_at.is_(None),  # type: ignore[union-attr]  # a column
        DelegationRow.ends_at > uow.now,
    )
    if uow.session.exec(same).first():
        raise Conflict(
            "delegation.lent",
            N_("You have lent this seat already."),
            fix=N_("Take it back first."),
        )
    row = DelegationRow(
        id=new_id("dlg"), person_id=uow.actor.id, delegate_id=to, area=area,
        reason=seal_text(uow, uow.actor.id, reason.strip()),
        starts_at=uow.now, ends_at=until,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "delegation.given", "person", uow.actor.id, {"to": to, "area": area, "until": until.isoformat()}
    )
    return row.id


def end_delegation(uow: UnitOfWork, delegation_id: str) -> None:
    """Take a seat back, or give it back; for the two people concerned and for administrators."""
    query = select(DelegationRow).where(DelegationRow.id == delegation_id).with_for_update()
    row = uow.session.exec(query).first()
    if row is None:
        raise NotFound("delegation.unknown", N_("There is no delegation {id}."), id=delegation_id)
    if uow.actor.id not in {row.person_id, row.delegate_id}:
        require(uow.actor, Permission.MANAGE_PEOPLE)
    if row.ended_at is not None:
        return
    row.ended_at = uow.now
    uow.session.add(row)
    uow.record(
        "delegation.ended",
        "person",
        row.person_id,
        {"delegation": row.id, "to": row.delegate_id, "area": row.area},
    )
