"""The health of every watched model, from what the judging job keeps: two statements for a thousand models."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.evidence.alerts.pulse import Beat, Pulse
from core.evidence.alerts.tables import AlertRow, HealthRow
from core.evidence.monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class Watched:
    """One watched version with its last month."""

    version_id: str
    slug: str
    title: str
    model: str
    number: int
    pulse: Pulse
    open_alerts: int
    beat: Beat


_HEALTH, _VERSION, _MODEL, _CASE = (
    sa.inspect(one).columns for one in (HealthRow, VersionRow, ModelRow, UseCaseRow)
)
_WATCHED = (
    sa.select(
        _HEALTH.version_id, _HEALTH.window_start, _HEALTH.window_end, _HEALTH.rows, _HEALTH.columns, _HEALTH.moved,
        _HEALTH.worst_column, _HEALTH.worst_psi, _HEALTH.metric, _HEALTH.value, _HEALTH.expected, _HEALTH.coverage,
        _VERSION.model_id, _VERSION.number, _MODEL.name, _CASE.slug, _CASE.title,
    )
    .join(VersionRow, _VERSION.id == _HEALTH.version_id)
    .join(ModelRow, _MODEL.id == _VERSION.model_id)
    .join(UseCaseRow, _CASE.id == _MODEL.use_case_id)
    .order_by(_VERSION.number)
)  # fmt: skip


def pulses(session: Session, now: datetime) -> tuple[Watched, ...]:
    """Return the newest watched version of every model, the worst first."""
    raised = dict(
        session.exec(
            select(AlertRow.version_id, func.count())
            .where(col(AlertRow.resolved_at).is_(None))
            .group_by(AlertRow.version_id)
        ).all()
    )
    rows = session.execute(_WATCHED).all()
    newest = {row.model_id: row for row in rows}
    found = [_watched(row, raised.get(row.version_id, 0), now) for row in newest.values()]
    order = list(Beat)
    return tuple(
        sorted(
            found,
            key=lambda w: (order.index(w.beat), -w.open_alerts, -(w.pulse.worst_psi or 0), w.title),
        )
    )


def _watched(row: sa.Row[Any], open_alerts: int, now: datetime) -> Watched:
    pulse = Pulse(
        Window(row.window_start, row.window_end), row.rows, row.columns, row.moved, row.worst_column, row.worst_psi,
        row.metric, row.value, row.expected, row.coverage, (),
    )  # fmt: skip
    return Watched(
        row.version_id, row.slug, row.title, row.name, row.number, pulse, open_alerts, pulse.beat(open_alerts, now)
    )  # fmt: skip
