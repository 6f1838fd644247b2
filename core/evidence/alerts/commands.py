"""Writing of alerts: what the rules found, and who takes care of it."""

from collections.abc import Sequence

from sqlmodel import select

from core.errors import Conflict, NotFound
from core.evidence.alerts.rules import Episode, RuleSet
from core.evidence.alerts.tables import AlertRow
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def settle_alerts(uow: UnitOfWork, version_id: str, rules: RuleSet, episodes: Sequence[Episode]) -> int:
    """Make the stored alerts say what the rules found; return how many are new.

    An episode is known by rule, subject and first window: what is known keeps its acknowledgement.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    stored = uow.session.exec(select(AlertRow).where(AlertRow.version_id == version_id)).all()
    held = {(row.rule, row.subject, row.first_start): row for row in stored}
    raised, resolved = [], []
    for one in episodes:
        row = held.pop((one.rule.id, one.subject, one.first.start), None)
        if row is None:
            row = AlertRow(
                id=new_id("alr"),
                version_id=version_id,
                rule=one.rule.id,
                rule_kind=one.rule.kind.value,
                rule_version=f"{rules.name} {rules.version}",
                subject=one.subject,
                grain=one.rule.grain.value,
                first_start=one.first.start,
                last_start=one.last.start,
                last_end=one.last.end,
                worst=one.worst,
                limit=one.rule.limit,
                template=one.reason.template,
                reason={},
                raised_at=uow.now,
            )
            uow.session.add(row)
            raised.append(row.id)
        row.last_start, row.last_end = one.last.start, one.last.end
        row.worst, row.template, row.reason = one.worst, one.reason.template, dict(one.reason.values)
        if not one.open and row.resolved_at is None:
            row.resolved_at = uow.now
            resolved.append(row.id)
        elif one.open:
            row.resolved_at = None
    for row in held.values():
        if row.resolved_at is None:
            row.resolved_at = uow.now
            resolved.append(row.id)
    if raised or resolved:
        uow.record(
            "alerts.settled",
            "version",
            version_id,
            {"raised": raised, "resolved": resolved, "rules": f"{rules.name} {rules.version}"},
        )
    return len(raised)


def acknowledge(uow: UnitOfWork, alert_id: str) -> None:
    """Note that a person has seen an alert and takes care of it. Raise `NotFound`, `Conflict` when it is noted."""
    require(uow.actor, Permission.ACKNOWLEDGE_ALERT)
    row = uow.session.exec(select(AlertRow).where(AlertRow.id == alert_id).with_for_update()).first()
    if row is None:
        raise NotFound("alert.unknown", N_("There is no alert {id}."), id=alert_id)
    if row.acknowledged_at is not None:
        raise Conflict("alert.acknowledged", N_("This alert has been acknowledged already."))
    row.acknowledged_at = uow.now
    row.acknowledged_by = uow.actor.id
    uow.record("alert.acknowledged", "alert", alert_id, {"version": row.version_id, "rule": row.rule})
