"""Observe KPIs in a job: read what monitoring measured per window, judge it by the bands, keep it."""

import math
from collections.abc import Mapping
from datetime import datetime

from core.assets.registry import queries as registry
from core.evidence.kpis import commands, queries
from core.evidence.kpis.definition import Definition
from core.evidence.kpis.queries import Observation
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.windows import Window
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM


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
        metrics = {one.definition.metric, Metric.ROWS, Metric.LABEL_COVERAGE}
        with store.reading() as view:
            measured = monitoring.measures(view, versions, one.definition.window, sorted(metrics))
        now = store.clock()
        seen = {
            key: [_observed(one.definition, window, found, now) for window, found in sorted(windows.items())]
            for key, windows in measured.items()
        }
        if seen:
            with store.unit_of_work(SYSTEM) as uow:
                commands.store_observations(uow, one.revision_id, seen)


def _observed(
    definition: Definition, window: Window, found: Mapping[Metric, Measure], now: datetime
) -> Observation:
    measure = found.get(definition.metric)
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
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
