"""Judge a version's windows by its rules, in a job: outside any transaction, then one command."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow.parquet as pq

from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.evidence.alerts import commands, queries, tracing
from core.evidence.alerts.cause import Cause
from core.evidence.alerts.judging import Episode, Reason, Verdicts
from core.evidence.alerts.pulse import COURSE, Pulse
from core.evidence.alerts.replay import judged
from core.evidence.alerts.rules import RuleKind, RuleSet
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import as_class
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.performance import BY_TASK, Metric
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store

MOST_TRACED = 40
"""Alerts whose cause is looked for in one run: the open ones first."""


def judge(context: JobContext) -> Verdicts:
    """Bring the alerts of a version up to what its profiles, metrics and rules say, and return that."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        if monitoring.reference(view, version_id) is None:
            return Verdicts()
        rules = queries.rules_of(view, version.use_case_id)
        known = bool(queries.baseline(view, version_id))
    if not known:
        _baseline(store, version)
    context.progress(0.3, N_("Judging by the rules"))
    with store.reading() as view:
        told = judged(view, version_id, rules)
    found = [_with_onset(store, version_id, one) for one in told.episodes]
    context.progress(0.6, N_("Looking for causes"))
    causes = _traced(store, version, found)
    pulse = _pulse(store, version, rules)
    with store.unit_of_work(SYSTEM) as uow:
        commands.settle_alerts(uow, version_id, rules, found, causes)
        if pulse is not None:
            commands.store_health(uow, version_id, pulse)
    return told


def split(context: JobContext) -> None:
    """Split one column in one window by the values of another."""
    asked = {key: str(value) for key, value in context.payload.items()}
    with context.store.reading() as view:
        version = registry.version(view, asked["version_id"])
    window = Window(date.fromisoformat(asked["start"]), date.fromisoformat(asked["end"]))
    context.progress(0.3, N_("Reading predictions"))
    parts = tracing.Trace(context.store, version).split(asked["subject"], window, asked["segment"])
    with context.store.unit_of_work(SYSTEM) as uow:
        commands.store_split(uow, version.id, asked["subject"], window, asked["segment"], parts)


def _pulse(store: Store, version: Version, rules: RuleSet) -> Pulse | None:
    """Sum up the last month."""
    with store.reading() as view:
        task = registry.use_case_by_id(view, version.use_case_id).task.value
        against = rules.against.resolved(whole_year=monitoring.covers_year(view, version.id))
        drift = monitoring.drift(view, version.id, Grain.MONTH, most=COURSE, against=against)
        metric = BY_TASK[task][0]
        points = monitoring.performance(view, version.id, metric, Grain.MONTH, most=1)
        evaluation = intake.evaluation(view, version.id)
    if drift is None or not drift.columns:
        return None
    compared = [c for c in drift.columns if c.compared]
    worst = max(compared, key=lambda c: _known(c.psi[-1]), default=None)
    expected = evaluation.metrics.get(metric.value) if evaluation else None
    last = points[-1] if points else None
    return Pulse(
        window=drift.windows[-1],
        rows=int(drift.columns[0].rows[-1]),
        columns=len(compared),
        moved=sum(bool(c.psi[-1] > rules.drift_limit and c.psi[-1] > c.psi_noise[-1]) for c in compared),
        worst_column=worst.name if worst else "",
        worst_psi=_known(worst.psi[-1]) if worst else None,
        metric=metric.value,
        value=last.measure.value if last else None,
        expected=None if expected is None or math.isnan(expected.value) else expected.value,
        coverage=last.coverage if last else 0.0,
        course=tuple(
            max((_known(c.psi[at]) for c in compared), default=0.0) for at in range(len(drift.windows))
        ),
    )


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else float(value)


def _baseline(store: Store, version: Version) -> None:
    """Measure the labels of the evaluation: what later labels are compared with."""
    with store.reading() as view:
        task = registry.use_case_by_id(view, version.use_case_id).task.value
        evaluation = intake.evaluation(view, version.id)
    if evaluation is None:
        return
    labels = pq.read_table(store.files.path(evaluation.predictions_digest), columns=["label"]).column(0)
    held = [one for one in labels.to_pylist() if one is not None]
    metrics: dict[str, float] = {}
    if held and task == "regression":
        metrics[Metric.LABEL_MEAN.value] = float(np.mean(np.asarray(held, dtype=np.float64)))
    elif held and task == "binary":
        # The evaluation writes the positive class as 1, a log may write its name.
        classes = version.signature.classes
        positive = {"1", as_class(version.positive_label, classes) or (classes[-1] if classes else "1")}
        metrics[Metric.LABEL_POSITIVE.value] = float(np.mean([str(one) in positive for one in held]))
    with store.unit_of_work(SYSTEM) as uow:
        commands.store_baseline(uow, version.id, evaluation.predictions_digest, metrics)


_DAILY = frozenset({RuleKind.MISSING, RuleKind.NEW_CATEGORY, RuleKind.OUT_OF_RANGE})


def _with_onset(store: Store, version_id: str, one: Episode) -> Episode:
    """Name the first day of an alert's first window that is over the limit by itself."""
    if one.rule.kind not in _DAILY or one.rule.grain not in {Grain.WEEK, Grain.MONTH}:
        return one
    with store.reading() as view:
        days = monitoring.drift(view, version_id, Grain.DAY, since=one.first.start, until=one.first.end)
    column = next((c for c in days.columns if c.name == one.subject), None) if days else None
    if days is None or column is None:
        return one
    excess = _excess(one.rule.kind, column)
    onset = next(
        (w.start for w, value in zip(days.windows, excess, strict=True) if value > one.rule.limit), None
    )
    if not isinstance(onset, date):
        return one
    values = {**one.reason.values, "onset": onset.isoformat()}
    return replace(one, reason=Reason(one.reason.template, values))


def _excess(kind: RuleKind, column: ColumnDrift) -> list[float]:
    if kind == RuleKind.MISSING:
        return [float(value) for value in column.missing - column.missing_before]
    return [float(v) for v in (column.new_share if kind == RuleKind.NEW_CATEGORY else column.out_of_range)]


def _traced(store: Store, version: Version, found: list[Episode]) -> Mapping[int, list[Cause]]:
    """Look for the causes of the episodes, open and recent ones first."""
    order = sorted(range(len(found)), key=lambda n: (not found[n].open, -found[n].last.end.toordinal()))
    traced: dict[int, list[Cause]] = {}
    trace = tracing.Trace(store, version)
    for place in order[:MOST_TRACED]:
        causes = trace.causes(found[place])
        if causes:
            traced[place] = causes
    return traced
