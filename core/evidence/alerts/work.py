"""Judge a version's windows by its rules, in a job: outside any transaction, then one command."""

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
from core.evidence.alerts.judging import Episode, Reason
from core.evidence.alerts.replay import judged
from core.evidence.alerts.rules import RuleKind
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import as_class
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store

MOST_TRACED = 40
"""Alerts whose cause is looked for in one run: the open ones first."""


def judge(context: JobContext) -> None:
    """Bring the alerts of a version up to what its profiles, metrics and rules say."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        if monitoring.reference(view, version_id) is None:
            return
        rules = queries.rules_of(view, version.use_case_id)
        known = bool(queries.baseline(view, version_id))
    if not known:
        _baseline(store, version)
    context.progress(0.3, N_("Judging by the rules"))
    with store.reading() as view:
        found = judged(view, version_id, rules)
    found = [_with_onset(store, version_id, one) for one in found]
    context.progress(0.6, N_("Looking for causes"))
    causes = _traced(store, version, found)
    with store.unit_of_work(SYSTEM) as uow:
        commands.settle_alerts(uow, version_id, rules, found, causes)


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
