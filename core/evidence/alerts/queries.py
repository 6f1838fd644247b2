"""Reading of alerts and of the rules they were raised by."""

from functools import lru_cache
from importlib import resources

from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.alerts.alert import Alert
from core.evidence.alerts.rules import RuleKind, RuleSet, parse
from core.evidence.alerts.tables import AlertRow
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_


@lru_cache
def default_rules() -> RuleSet:
    """Return the rules that Aval ships with."""
    path = resources.files("data") / "monitoring" / "alert_rules.toml"
    return parse(path.read_text(encoding="utf-8"))


def open_counts(session: Session) -> dict[str, int]:
    """Return how many alerts each version has open; versions without one are left out."""
    return dict(
        session.exec(
            select(AlertRow.version_id, func.count())
            .where(col(AlertRow.resolved_at).is_(None))
            .group_by(AlertRow.version_id)
        ).all()
    )


def alerts(
    session: Session,
    *,
    version_id: str | None = None,
    use_case_id: str | None = None,
    only_open: bool = False,
    limit: int = 200,
) -> tuple[Alert, ...]:
    """Return alerts, open ones first, then by falling last window."""
    query = (
        select(AlertRow)
        .order_by(
            col(AlertRow.resolved_at).is_not(None),
            col(AlertRow.last_end).desc(),
            col(AlertRow.raised_at).desc(),
        )
        .limit(limit)
    )
    if version_id is not None:
        query = query.where(AlertRow.version_id == version_id)
    if use_case_id is not None:
        held = [version.id for version in registry.versions(session, use_case_id)]
        query = query.where(col(AlertRow.version_id).in_(held))
    if only_open:
        query = query.where(col(AlertRow.resolved_at).is_(None))
    return tuple(_alert(row) for row in session.exec(query))


def alert(session: Session, alert_id: str) -> Alert:
    """Return one alert; raise `NotFound`."""
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise NotFound("alert.unknown", N_("There is no alert {id}."), id=alert_id)
    return _alert(row)


def _alert(row: AlertRow) -> Alert:
    return Alert(
        id=row.id,
        version_id=row.version_id,
        rule=row.rule,
        kind=RuleKind(row.rule_kind),
        rule_version=row.rule_version,
        subject=row.subject,
        grain=Grain(row.grain),
        first=row.first_start,
        last=Window(row.last_start, row.last_end),
        worst=row.worst,
        limit=row.limit,
        template=row.template,
        reason=row.reason,
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )
