"""Metrics of a classifier of several classes with stratified bootstrap intervals.

Resamples as in `classification`. Macro F1 is the plain mean over classes; the macro AUC is the mean of one class
against the rest (Hand and Till 2001 discuss the alternative).
"""

import numpy as np
from numpy.typing import NDArray

from core.assets.intake.evaluation import Confusion, Estimate
from core.assets.intake.resampling import draw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EPSILON = float(np.finfo(np.float64).eps)

WITH_PROBABILITIES = ("accuracy", "f1_macro", "roc_auc_ovr", "log_loss")
WITHOUT = WITH_PROBABILITIES[:2]


def evaluate(
    labels: Ints, predicted: Ints, probabilities: Floats | None, classes: int, *, seed: int = 0
) -> dict[str, Estimate]:
    """Return each metric with its 95 % interval.

    `labels` and `predicted` are codes below `classes`, n each; `probabilities` is n × classes, or `None` where the
    model gives none, which leaves out AUC and log loss.
    """
    measure = _Measure(labels, predicted, probabilities, classes)
    names = WITHOUT if probabilities is None else WITH_PROBABILITIES
    point = measure.metrics(np.ones(len(labels)))
    strata = [np.flatnonzero(labels == k) for k in range(classes)]
    draws = np.array([measure.metrics(w) for w in draw(strata, len(labels), seed=seed)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {
        name: Estimate(float(point[i]), float(low[i]), float(high[i]), len(labels))
        for i, name in enumerate(names)
    }


def confusion(labels: Ints, predicted: Ints, names: tuple[str, ...]) -> Confusion:
    """Count rows by true and predicted class."""
    size = len(names)
    counts = np.bincount(labels * size + predicted, minlength=size * size).reshape(size, size)
    return Confusion(names, tuple(tuple(int(n) for n in row) for row in counts))


class _Measure:
    """What does not depend on the resample."""

    def __init__(self, labels: Ints, predicted: Ints, probabilities: Floats | None, classes: int) -> None:
        self._cells = labels * classes + predicted
        self._classes = classes
        self._orders = []
        self._log = None
        if probabilities is None:
            return
        chosen = np.clip(probabilities[np.arange(len(labels)), labels], EPSILON, 1.0)
        self._log = -np.log(chosen)
        for k in range(classes):
            if not (labels == k).any():
                continue
            order = np.argsort(-probabilities[:, k], kind="stable")
            ends = np.append(np.flatnonzero(np.diff(probabilities[order, k])), len(labels) - 1)
            self._orders.append((order, (labels[order] == k).astype(float), ends))

    def metrics(self, weights: Floats) -> tuple[float, ...]:
        total = weights.sum()
        cells = np.bincount(self._cells, weights, self._classes**2).reshape(self._classes, self._classes)
        right = np.diag(cells)
        both = cells.sum(axis=0) + cells.sum(axis=1)
        f1 = np.divide(2 * right, both, out=np.zeros(self._classes), where=both > 0)
        found = (float(right.sum() / total), float(f1[both > 0].mean()))
        if self._log is None:
            return found
        return (*found, self._auc(weights), float((weights * self._log).sum() / total))

    def _auc(self, weights: Floats) -> float:
        areas = []
        for order, positive, ends in self._orders:
            drawn = weights[order]
            hits = np.cumsum(drawn * positive)
            misses = (np.cumsum(drawn) - hits)[ends]
            hits = hits[ends]
            if not hits[-1] or not misses[-1]:
                continue
            before = np.concatenate(([0.0], hits[:-1]))
            area = np.sum(np.diff(misses, prepend=0.0) * (hits + before)) / 2
            areas.append(float(area / (hits[-1] * misses[-1])))
        return float(np.mean(areas)) if areas else float("nan")
