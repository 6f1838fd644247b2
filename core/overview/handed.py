"""What was handed to one person: alerts escalated to them, incidents that are theirs, retrainings they may answer."""

from sqlmodel import Session, col, select

from core.assets.registry import queries as registry
from core.decisions.incidents import queries as incidents
from core.decisions.retraining import queries as retraining
from core.decisions.retraining.request import seat
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.tables import AlertRow
from core.i18n import N_
from core.overview.attention import Item, Urgency
from core.platform.access.permissions import Permission, allowed
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
            key=f"alert:{one.id}",
        )
        for one in (alerts.by_id(session, escalated) if escalated else ())
    ]
    return (
        found
        + [
            Item(
                Urgency.MINE,
                N_("An open incident is yours: {title}"),
                {"title": one.title},
                "incident",
                {"incident": one.id},
                "emergency_home",
                since=one.opened_at,
                key=f"incident:{one.id}",
            )
            for one in incidents.incidents(session, owner_id=actor.id, only_open=True, limit=MOST)
        ]
        + _retrainings(session, actor)
    )


def _retrainings(session: Session, actor: Actor) -> list[Item]:
    """Retrainings that wait for an area of this person."""
    if not allowed(actor, Permission.DECIDE_RETRAINING):
        return []
    waiting = [
        one
        for one in retraining.waiting(session)
        if seat(one.areas, one.votes, actor.roles, actor.id) is not None
    ]
    cases = {case.id: case for case in registry.use_cases(session)} if waiting else {}
    return [
        Item(
            Urgency.MINE,
            N_("{title}: a retraining waits for your answer"),
            {"title": cases[one.use_case_id].title},
            "retraining",
            {"use_case": cases[one.use_case_id].slug, "retraining": one.id},
            "model_training",
            since=one.proposed_at,
            detail=" ".join(trigger.text() for trigger in one.triggers),
            key=f"retraining:{one.id}",
        )
        for one in waiting[:MOST]
    ]
