"""All windows together beside each by itself: where they disagree, the mix between windows speaks, not the model."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.evidence.kpis.definition import Status
from core.evidence.kpis.queries import POOLED, Observation
from core.evidence.monitoring.performance import Metric

SEGMENT = POOLED
POOLABLE = frozenset(Metric) - {Metric.ROWS, Metric.LABEL_COVERAGE, Metric.PREDICTED_POSITIVE}


@dataclass(frozen=True, slots=True)
class Compared:
    """The pooled value with its interval, and the mean of the windows, each weighted by its rows."""

    pooled: Observation
    mean: float
    windows: int

    @property
    def disagree(self) -> bool:
        """Whether the windows' own mean lies outside the pooled interval (Simpson 1951)."""
        low, high = self.pooled.low, self.pooled.high
        return low is not None and high is not None and not low <= self.mean <= high


def compared(pooled: Observation | None, history: Sequence[Observation]) -> Compared | None:
    """Hold the pooled value against the windows that could be judged; none with fewer than two of these."""
    seen = [
        (one.value, one.n) for one in history if one.value is not None and one.status is not Status.NOT_ENOUGH
    ]
    if pooled is None or pooled.value is None or len(seen) < 2:
        return None
    return Compared(pooled, sum(v * n for v, n in seen) / sum(n for _, n in seen), len(seen))
