"""The health of every watched model, from what the judging job keeps: four statements for a thousand models."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import defer
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


def pulses(session: Session, now: datetime) -> tuple[Watched, ...]:
    """Return the newest watched version of every model, the worst first."""
    raised = dict(
        session.exec(
            select(AlertRow.version_id, func.count())
            .where(col(AlertRow.resolved_at).is_(None))
            .group_by(AlertRow.version_id)
        ).all()
    )
    rows = session.exec(
        select(HealthRow, col(VersionRow.number), col(VersionRow.model_id))
        .join(VersionRow, col(VersionRow.id) == HealthRow.version_id)
        .order_by(col(VersionRow.number))
        .options(defer(HealthRow.course))  # type: ignore[arg-type]
    ).all()
    cases = {
        case_id: (slug, title)
        for case_id, slug, title in session.exec(
            select(col(UseCaseRow.id), col(UseCaseRow.slug), col(UseCaseRow.title))
        )
    }
    models = {
        model_id: (name, *cases[case_id])
        for model_id, name, case_id in session.exec(
            select(col(ModelRow.id), col(ModelRow.name), col(ModelRow.use_case_id))
        )
    }
    newest: dict[str, Watched] = {}
    for row, number, model_id in rows:
        model, slug, title = models[model_id]
        pulse = Pulse(
            Window(row.window_start, row.window_end), row.rows, row.columns, row.moved, row.worst_column,
            row.worst_psi, row.metric, row.value, row.expected, row.coverage, (),
        )  # fmt: skip
        open_alerts = raised.get(row.version_id, 0)
        newest[model_id] = Watched(
            row.version_id, slug, title, model, number, pulse, open_alerts, pulse.beat(open_alerts, now)
        )
    order = list(Beat)
    return tuple(
        sorted(
            newest.values(),
            key=lambda w: (order.index(w.beat), -w.open_alerts, -(w.pulse.worst_psi or 0), w.title),
        )
    )
