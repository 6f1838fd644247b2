"""Numbers for Prometheus: the health of every watched version, alerts, incidents and jobs, in its text format 0.0.4."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlmodel import Session, col, func, select

from core.decisions.incidents.tables import IncidentRow
from core.evidence.alerts.tables import AlertRow
from core.overview.pulses import pulses
from core.platform.jobs.tables import JobRow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric with its help and its samples."""

    name: str
    text: str
    samples: Sequence[tuple[Labels, float]]


def gauges(session: Session, now: datetime) -> list[Gauge]:
    """Read every number."""
    found = pulses(session, now)
    names = {one.version_id: (("use_case", one.slug), ("version", str(one.number))) for one in found}

    def of(name: str, text: str, values: Iterable[tuple[str, float | None]]) -> Gauge:
        return Gauge(name, text, [(names[key], value) for key, value in values if value is not None])

    raised = session.exec(
        select(AlertRow.version_id, AlertRow.rule_kind, func.count())
        .where(col(AlertRow.resolved_at).is_(None))
        .group_by(AlertRow.version_id, AlertRow.rule_kind)
    ).all()
    incidents = session.exec(
        select(IncidentRow.severity, func.count())
        .where(IncidentRow.state == "open")
        .group_by(IncidentRow.severity)
    ).all()
    jobs = session.exec(select(JobRow.state, func.count()).group_by(JobRow.state)).all()
    return [
        of("aval_window_predictions", "Predictions in the last month of the log.",
           [(w.version_id, float(w.pulse.rows)) for w in found]),
        of("aval_window_end_timestamp_seconds", "End of the last month that holds predictions.",
           [(w.version_id, datetime.combine(w.pulse.window.end, time(), UTC).timestamp()) for w in found]),
        of("aval_columns_compared", "Columns that are compared with the reference.",
           [(w.version_id, float(w.pulse.columns)) for w in found]),
        of("aval_columns_moved", "Columns over the PSI limit of the rules in force.",
           [(w.version_id, float(w.pulse.moved)) for w in found]),
        of("aval_worst_psi", "Largest PSI of a column in the last month.",
           [(w.version_id, w.pulse.worst_psi) for w in found]),
        of("aval_label_coverage_ratio", "Share of the last month's predictions that have a label.",
           [(w.version_id, w.pulse.coverage) for w in found]),
        Gauge("aval_performance", "First metric of the task over the last month that has labels.",
              [((*names[w.version_id], ("metric", w.pulse.metric)), w.pulse.value)
               for w in found if w.pulse.value is not None]),
        Gauge("aval_performance_evaluated", "The same metric on the evaluation data.",
              [((*names[w.version_id], ("metric", w.pulse.metric)), w.pulse.expected)
               for w in found if w.pulse.expected is not None]),
        Gauge("aval_alerts_open", "Open alerts by kind of rule.",
              [((*names[key], ("kind", kind)), float(n)) for key, kind, n in raised if key in names]),
        Gauge("aval_incidents_open", "Open incidents by severity.",
              [((("severity", severity),), float(n)) for severity, n in incidents]),
        Gauge("aval_jobs", "Background jobs by state.", [((("state", str(state)),), float(n)) for state, n in jobs]),
    ]  # fmt: skip


def written(found: Sequence[Gauge]) -> str:
    """Write gauges in the exposition format; label values are escaped as it asks."""
    lines = []
    for one in found:
        lines += [f"# HELP {one.name} {one.text}", f"# TYPE {one.name} gauge"]
        for labels, value in one.samples:
            said = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            lines.append(f"{one.name}{{{said}}} {value!r}" if said else f"{one.name} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
