"""Is the candidate worse than the champion? Differences of a metric, with intervals.

Paired: both predicted the same rows, so the rows are resampled together (Efron & Tibshirani 1993, ch. 16);
the interval is the 2.5th to 97.5th percentile. Unpaired: the interval of a difference from two intervals
(MOVER, Zou & Donner 2008). Non-inferiority: the low end lies above minus the margin.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from core.decisions.releases.gates import Measured

Floats = NDArray[np.float64]
WeightedMetric = Callable[[Floats], float]
"""A metric of one prediction, as a function of how often each row is drawn."""


def roc_auc(truth: NDArray[np.bool_], score: Floats) -> WeightedMetric:
    """Area under the ROC curve; ties count half. The rows are sorted once, each draw then costs O(n)."""
    order = np.argsort(score, kind="stable")
    positive = truth[order]
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])

    def measure(weight: Floats) -> float:
        w = weight[order]
        up = np.add.reduceat(np.where(positive, w, 0.0), starts)
        down = np.add.reduceat(np.where(positive, 0.0, w), starts)
        below = np.cumsum(down) - down
        pairs = up.sum() * down.sum()
        return float((up * (below + down / 2)).sum() / pairs) if pairs else float("nan")

    return measure


def accuracy(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> WeightedMetric:
    """Share of rows predicted right."""
    right = (truth == predicted).astype(float)
    return lambda w: float((w * right).sum() / w.sum())


def f1_macro(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> WeightedMetric:
    """Mean of the classes' F1; a class without rows and predictions is left out of the mean."""
    k = int(max(truth.max(), predicted.max())) + 1
    cell = truth * k + predicted

    def measure(weight: Floats) -> float:
        table = np.bincount(cell, weights=weight, minlength=k * k).reshape(k, k)
        sides = table.sum(axis=0) + table.sum(axis=1)
        present = sides > 0
        return float((2 * np.diag(table)[present] / sides[present]).mean())

    return measure


def r2(truth: Floats, predicted: Floats) -> WeightedMetric:
    """Coefficient of determination."""
    squared = (truth - predicted) ** 2

    def measure(weight: Floats) -> float:
        mean = (weight * truth).sum() / weight.sum()
        spread = (weight * (truth - mean) ** 2).sum()
        return float(1 - (weight * squared).sum() / spread) if spread else float("nan")

    return measure


METRICS: Mapping[str, Callable[..., WeightedMetric]] = {
    "roc_auc": roc_auc,
    "accuracy": accuracy,
    "f1_macro": f1_macro,
    "r2": r2,
}


def paired_difference(
    candidate: WeightedMetric, champion: WeightedMetric, rows: int, *, draws: int, seed: int
) -> Measured | None:
    """Candidate minus champion with its 95 % bootstrap interval; None where the metric is not defined."""
    whole = np.ones(rows)
    value = candidate(whole) - champion(whole)
    random = np.random.default_rng(seed)
    found = np.empty(draws)
    for i in range(draws):
        weight = np.bincount(random.integers(0, rows, rows), minlength=rows).astype(float)
        found[i] = candidate(weight) - champion(weight)
    found = found[np.isfinite(found)]
    if not np.isfinite(value) or found.size < draws / 2:
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return Measured(float(value), float(low), float(high), rows, "paired")


def interval_difference(candidate: Measured, champion: Measured) -> Measured | None:
    """Candidate minus champion from two intervals of different rows; None where an interval is missing."""
    if candidate.low is None or candidate.high is None or champion.low is None or champion.high is None:
        return None
    value = candidate.value - champion.value
    down = np.hypot(candidate.value - candidate.low, champion.high - champion.value)
    up = np.hypot(candidate.high - candidate.value, champion.value - champion.low)
    n = min(candidate.n, champion.n)
    return Measured(value, float(value - down), float(value + up), n, "intervals")
