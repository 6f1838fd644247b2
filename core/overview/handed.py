"""What was handed to one person: alerts escalated to them and open incidents that are theirs."""

from sqlmodel import Session, col, select

from core.decisions.incidents import queries as incidents
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.tables import AlertRow
from core.i18n import N_
from core.overview.attention import Item, Urgency
from core.platform.store import Actor

MOST = 20


def handed(session: Session, actor: Actor) -> list[Item]:
    """Return them, each with the page that opens it."""
    escalated = session.exec(
        select(AlertRow.id)
        .where(
            AlertRow.owner_id == actor.id,
            col(AlertRow.escalated_at).is_not(None),
            col(AlertRow.resolved_at).is_(None),
        )
        .limit(MOST)
    ).all()
    found = [
        Item(
            Urgency.MINE,
            N_("An alert was escalated to you: {what}"),
            {"what": one.subject},
            "alert",
            {"alert": one.id},
            "arrow_upward",
            since=one.escalated_at or one.raised_at,
            detail=one.text(),
        )
        for one in (alerts.by_id(session, escalated) if escalated else ())
    ]
    return found + [
        Item(
            Urgency.MINE,
            N_("An open incident is yours: {title}"),
            {"title": one.title},
            "incident",
            {"incident": one.id},
            "emergency_home",
            since=one.opened_at,
        )
        for one in incidents.incidents(session, owner_id=actor.id, only_open=True, limit=MOST)
    ]
