"""The review desk in numbers, as KPIs observe them: how often a person overturned the model, how long an answer took."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from sqlmodel import Session, col, select

from core.assurance.reviews.request import Outcome
from core.assurance.reviews.tables import ReviewRow
from core.evidence.kpis.intervals import clopper_pearson
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.windows import Grain, Window, window_of

_JUDGED = (Outcome.UPHELD.value, Outcome.OVERTURNED.value)
_DAY = 86400.0
_NORMAL = 1.959963984540054


def measured(
    session: Session, versions: Sequence[str], grain: Grain
) -> Mapping[str, Mapping[Window, Mapping[Metric, Measure]]]:
    """Measure by version and window, in UTC: a decision counts when it was judged, an answer when it went out.

    The share overturned has its exact interval (Clopper and Pearson, 1934), the mean of days the normal one.
    """
    rows = session.exec(
        select(ReviewRow).where(
            col(ReviewRow.version_id).in_(versions), col(ReviewRow.decided_at).is_not(None)
        )
    ).all()
    turned: dict[tuple[str, Window], list[bool]] = {}
    waited: dict[tuple[str, Window], list[float]] = {}
    for row in rows:
        if row.outcome in _JUDGED and row.decided_at is not None:
            place = (row.version_id, window_of(row.decided_at, grain))
            turned.setdefault(place, []).append(row.outcome == Outcome.OVERTURNED.value)
        if row.answered_at is not None:
            place = (row.version_id, window_of(row.answered_at, grain))
            waited.setdefault(place, []).append((row.answered_at - row.received_at).total_seconds() / _DAY)
    found: dict[str, dict[Window, dict[Metric, Measure]]] = {}
    for (version_id, window), flags in turned.items():
        n, hits = len(flags), sum(flags)
        low, high = clopper_pearson(hits, n)
        _at(found, version_id, window)[Metric.OVERTURNED] = Measure(hits / n, low, high, n)
    for (version_id, window), days in waited.items():
        mean, n = fmean(days), len(days)
        half = _NORMAL * stdev(days) / math.sqrt(n) if n > 1 else math.nan
        _at(found, version_id, window)[Metric.DAYS_TO_ANSWER] = Measure(mean, mean - half, mean + half, n)
    return found


def _at(
    found: dict[str, dict[Window, dict[Metric, Measure]]], version_id: str, window: Window
) -> dict[Metric, Measure]:
    """The measures of a window; nothing in it waits for labels."""
    whole = {Metric.LABEL_COVERAGE: Measure(1.0, math.nan, math.nan, 1)}
    return found.setdefault(version_id, {}).setdefault(window, whole)
