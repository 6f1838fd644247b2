"""Observe KPIs in a job: what monitoring measured, or what formulas give over the log; judge by the bands, keep it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import AvalError
from core.evidence.kpis import commands, observing, queries
from core.evidence.kpis.definition import Definition, check_formula
from core.evidence.kpis.logged import LogReader, log_columns, outcome_of
from core.evidence.kpis.pooled import POOLABLE, SEGMENT
from core.evidence.kpis.queries import Kpi, Observation
from core.evidence.kpis.sources import source_of
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring import work as monitoring_work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.windows import Window
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store

MOST_POOLED = 2_000_000


def observe(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Observe every KPI in force of a use case: for one model version, or for all of them."""
    store = context.store
    version_id = str(context.payload.get("version_id", ""))
    with store.reading() as view:
        use_case_id = str(
            context.payload.get("use_case_id", "") or registry.version(view, version_id).use_case_id
        )
        held = queries.kpis(view, use_case_id)
        versions = [version_id] if version_id else [one.id for one in registry.versions(view, use_case_id)]
    for place, one in enumerate(held):
        context.progress(place / len(held), N_("Observing KPIs"))
        if one.definition.formula:
            for each in versions:
                observe_one(store, one, each)
        else:
            _observe_metric(store, one, versions)


def _observe_metric(store: Store, kpi: Kpi, versions: Sequence[str]) -> None:
    metric = kpi.definition.metric
    assert metric is not None  # noqa: S101 - a definition has a formula or a metric
    metrics = {metric, Metric.ROWS, Metric.LABEL_COVERAGE}
    grain, other = kpi.definition.window, source_of(metric)
    with store.reading() as view:
        measured = (
            other(view, versions, grain)
            if other
            else monitoring.measures(view, versions, grain, sorted(metrics))
        )
    now = store.clock()
    seen = {
        key: [
            _observed(kpi.definition, metric, window, found, now) for window, found in sorted(windows.items())
        ]
        for key, windows in measured.items()
    }
    if metric in POOLABLE:
        for version_id, some in seen.items():
            together = _pooled(store, kpi.definition, metric, version_id, some)
            if together is not None:
                some.append(together)
    if seen:
        with store.unit_of_work(SYSTEM) as uow:
            commands.store_observations(uow, kpi.revision_id, seen)


def _pooled(
    store: Store, definition: Definition, metric: Metric, version_id: str, some: Sequence[Observation]
) -> Observation | None:
    """Measure the windows together: a metric of ranking is no mean of its windows."""
    told = [one.window for one in some if one.value is not None][-queries.WINDOWS :]
    if len(told) < 2:
        return None
    reach = Window(told[0].start, told[-1].end)
    with store.reading() as view:
        version = registry.version(view, version_id)
        expected = monitoring_work.expected_rows(view, version)
        predictions = monitoring.parts(view, version_id, BatchKind.PREDICTIONS, [reach])
        labels = monitoring.parts(view, version_id, BatchKind.LABELS, [reach])
    if not labels or sum(one.rows for one in predictions) > MOST_POOLED:
        return None
    measured = outcome_of(store.files, predictions, labels, expected)
    found = _observed(definition, metric, reach, measured, store.clock())
    return replace(found, segment=SEGMENT, place=0)


def observe_one(store: Store, kpi: Kpi, version_id: str) -> None:
    """Bring a formula's observations for one version up to what its log holds."""
    definition = kpi.definition
    with store.reading() as view:
        version = registry.version(view, version_id)
        if version.state is not VersionState.READY:
            return
        task = registry.use_case_by_id(view, version.use_case_id).task.value
        predictions = monitoring.parts(view, version_id, BatchKind.PREDICTIONS)
        labels = monitoring.parts(view, version_id, BatchKind.LABELS)
        before = queries.days(view, kpi.revision_id, version_id)
        expected = monitoring_work.expected_rows(view, version)
    if not predictions:
        return
    try:
        formula = check_formula(definition, log_columns(task, version))
    except AvalError:
        # This version has not the columns that the formula reads: it is not observed, and the page says so.
        return
    reader = LogReader(store.files, expected, definition.zone, ordered=bool(definition.every))
    log = observing.Log.of(predictions, labels)
    found = observing.observe_formula(definition, formula, log, reader, before, store.clock())
    if found.replaced:
        with store.unit_of_work(SYSTEM) as uow:
            commands.store_days(uow, kpi.revision_id, version_id, found.days, found.replaced)
            commands.store_observations(uow, kpi.revision_id, {version_id: found.windows})


def _observed(
    definition: Definition, metric: Metric, window: Window, found: Mapping[Metric, Measure], now: datetime
) -> Observation:
    measure = found.get(metric)
    covered = found.get(Metric.LABEL_COVERAGE)
    value = _known(measure.value) if measure else None
    n = measure.n if measure else 0
    return Observation(
        window=window,
        value=value,
        low=_known(measure.low) if measure else None,
        high=_known(measure.high) if measure else None,
        n=n,
        coverage=covered.value if covered else 0.0,
        status=definition.judge(value, n),
        observed_at=now,
        place=window.start.toordinal(),
        note="" if value is not None else "no_value",
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
