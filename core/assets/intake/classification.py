"""Metrics of a binary classifier with stratified bootstrap intervals.

Method: rows are sorted once by score; a resample draws, within each true class, as many rows as the class has
(with replacement) and is held as a count per row. Every metric is then a sum or a cumulative sum over those
counts, so a resample costs one pass: 20,000 rows × 500 resamples in about half a second. Percentile intervals
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13). AUC by the trapezoid over tied groups
(Fawcett 2006); average precision without interpolation; ECE over 10 bins of equal width (Guo et al. 2017).
"""

import numpy as np
from numpy.typing import NDArray

from core.assets.intake.evaluation import Confusion, Estimate
from core.assets.intake.resampling import draw

Floats = NDArray[np.float64]

BINS = 10
POINTS = 200
EPSILON = float(np.finfo(np.float64).eps)

BINARY = (
    "roc_auc",
    "average_precision",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "brier",
    "log_loss",
    "ks",
    "ece",
)


def evaluate(
    labels: NDArray[np.bool_], scores: Floats, threshold: float, *, seed: int = 0
) -> dict[str, Estimate]:
    """Return each metric of `BINARY` with its 95 % interval.

    `labels` says which rows are positive, `scores` is the probability of positive, 0–1; both have n rows and each
    class occurs. A row is predicted positive where its score reaches `threshold`.
    """
    ranked = _Ranked(labels, scores, threshold)
    ones = np.ones(len(labels))
    point = ranked.metrics(ones)
    strata = [np.flatnonzero(ranked.labels), np.flatnonzero(~ranked.labels)]
    draws = np.array([ranked.metrics(w) for w in draw(strata, len(labels), seed=seed)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {
        name: Estimate(float(point[i]), float(low[i]), float(high[i]), len(labels))
        for i, name in enumerate(BINARY)
    }


def confusion(
    labels: NDArray[np.bool_], scores: Floats, threshold: float, names: tuple[str, str]
) -> Confusion:
    """Count rows by true and predicted class at the threshold; `names` are the negative and the positive one."""
    predicted = scores >= threshold
    counts = tuple(
        tuple(int(np.sum((labels == true) & (predicted == said))) for said in (False, True))
        for true in (False, True)
    )
    return Confusion(names, counts)


def curves(labels: NDArray[np.bool_], scores: Floats) -> dict[str, dict[str, list[float]]]:
    """Return ROC, precision–recall and calibration curves of at most 200 points each."""
    ranked = _Ranked(labels, scores, 0.5)
    positive, negative = ranked.cumulated(np.ones(len(labels)))
    cuts = ranked.sorted_scores[ranked.ends]
    keep = np.unique(np.linspace(0, len(cuts) - 1, POINTS - 1).round().astype(int))
    true_rate, false_rate = positive / positive[-1], negative / negative[-1]
    precision = positive / (positive + negative)
    means, rates, counts = calibration(labels, scores)
    return {
        "roc": {
            "fpr": [0.0, *false_rate[keep].tolist()],
            "tpr": [0.0, *true_rate[keep].tolist()],
            "threshold": [1.0, *cuts[keep].tolist()],
        },
        "pr": {
            "recall": true_rate[keep].tolist(),
            "precision": precision[keep].tolist(),
            "threshold": cuts[keep].tolist(),
        },
        "calibration": {"predicted": means, "observed": rates, "count": counts},
        "scores": histogram(labels, scores),
    }


def calibration(labels: NDArray[np.bool_], scores: Floats) -> tuple[list[float], list[float], list[float]]:
    """Return mean score, share of positives and rows of each non-empty bin of equal width."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    full = rows > 0
    means = np.bincount(bins, scores, BINS)[full] / rows[full]
    rates = np.bincount(bins, labels.astype(float), BINS)[full] / rows[full]
    return means.tolist(), rates.tolist(), rows[full].astype(float).tolist()


def histogram(labels: NDArray[np.bool_], scores: Floats, bins: int = 40) -> dict[str, list[float]]:
    """Return counts of scores by true class in bins of equal width."""
    edges = np.linspace(0, 1, bins + 1)
    return {
        "middle": ((edges[1:] + edges[:-1]) / 2).tolist(),
        "negative": np.histogram(scores[~labels], edges)[0].astype(float).tolist(),
        "positive": np.histogram(scores[labels], edges)[0].astype(float).tolist(),
    }


class _Ranked:
    """Rows in falling order of score, with everything that does not depend on the resample."""

    def __init__(self, labels: NDArray[np.bool_], scores: Floats, threshold: float) -> None:
        order = np.argsort(-scores, kind="stable")
        self.sorted_scores = scores[order]
        self.labels = labels[order]
        self._positive = self.labels.astype(float)
        self.ends = np.append(np.flatnonzero(np.diff(self.sorted_scores)), len(scores) - 1)
        self._cut = int(np.searchsorted(-self.sorted_scores, -threshold, side="right"))
        clipped = np.clip(self.sorted_scores, EPSILON, 1 - EPSILON)
        self._squared = (self.sorted_scores - self._positive) ** 2
        self._log = -np.where(self.labels, np.log(clipped), np.log1p(-clipped))
        bins = np.minimum((self.sorted_scores * BINS).astype(int), BINS - 1)
        # Scores fall, so each bin is one stretch of rows.
        self._starts = np.flatnonzero(np.diff(bins, prepend=bins[0] + 1))
        self._gap = self.sorted_scores - self._positive

    def cumulated(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return positives and negatives at or above each distinct score."""
        positive = np.cumsum(weights * self._positive)
        every = np.cumsum(weights)
        return positive[self.ends], (every - positive)[self.ends]

    def metrics(self, weights: Floats) -> tuple[float, ...]:
        """Return the metrics of `BINARY`, in that order, of the rows so weighted."""
        # Sums, not dot products: BLAS would start threads for each of thousands of short vectors.
        total = weights.sum()
        positive, negative = self.cumulated(weights)
        hits, misses = positive / positive[-1], negative / negative[-1]
        auc = float(np.sum(np.diff(misses, prepend=0.0) * (hits + np.concatenate(([0.0], hits[:-1]))) / 2))
        said = positive + negative
        precision = np.divide(positive, said, out=np.zeros_like(said), where=said > 0)
        average = float(np.sum(np.diff(hits, prepend=0.0) * precision))
        tp = float((weights[: self._cut] * self._positive[: self._cut]).sum())
        fp = float(weights[: self._cut].sum()) - tp
        fn = float(positive[-1]) - tp
        tn = float(negative[-1]) - fp
        gaps = np.abs(np.add.reduceat(weights * self._gap, self._starts))
        return (
            auc,
            average,
            (tp + tn) / total,
            tp / (tp + fp) if tp + fp else 0.0,
            tp / (tp + fn) if tp + fn else 0.0,
            2 * tp / (2 * tp + fp + fn) if tp else 0.0,
            float((weights * self._squared).sum()) / total,
            float((weights * self._log).sum()) / total,
            float(np.max(np.abs(hits - misses))),
            float(gaps.sum()) / total,
        )
