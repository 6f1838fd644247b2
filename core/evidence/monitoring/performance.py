"""How good the predictions of a window were, once labels are in: metrics with 95 % intervals, in closed form."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring.significance import Z, wilson
from core.i18n import N_

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SMALLEST = 2


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric over `n` rows with its interval; NaN bounds where the sample is too small for one."""

    value: float
    low: float
    high: float
    n: int


class Metric(StrEnum):
    """Every number measured per window; the first three need no labels."""

    ROWS = "rows"
    LABEL_COVERAGE = "label_coverage"
    PREDICTED_POSITIVE = "predicted_positive"
    LABEL_POSITIVE = "label_positive"
    LABEL_MEAN = "label_mean"
    ROC_AUC = "roc_auc"
    ACCURACY = "accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"
    BRIER = "brier"
    LOG_LOSS = "log_loss"
    F1_MACRO = "f1_macro"
    MAE = "mae"
    RMSE = "rmse"
    R2 = "r2"
    BIAS = "bias"
    OVERTURNED = "overturned"
    DAYS_TO_ANSWER = "days_to_answer"


METRIC_NAMES: Mapping[Metric, str] = {
    Metric.ROWS: N_("Predictions"),
    Metric.LABEL_COVERAGE: N_("Label coverage"),
    Metric.PREDICTED_POSITIVE: N_("Share predicted positive"),
    Metric.LABEL_POSITIVE: N_("Share of positive labels"),
    Metric.LABEL_MEAN: N_("Mean label"),
    Metric.ROC_AUC: N_("ROC AUC"),
    Metric.ACCURACY: N_("Accuracy"),
    Metric.PRECISION: N_("Precision"),
    Metric.RECALL: N_("Recall"),
    Metric.F1: N_("F1"),
    Metric.BRIER: N_("Brier score"),
    Metric.LOG_LOSS: N_("Log loss"),
    Metric.F1_MACRO: N_("F1, mean of classes"),
    Metric.MAE: N_("Mean absolute error"),
    Metric.RMSE: N_("Root mean squared error"),
    Metric.R2: N_("R²"),
    Metric.BIAS: N_("Mean error"),
    Metric.OVERTURNED: N_("Reviewed decisions that were overturned"),
    Metric.DAYS_TO_ANSWER: N_("Days to answer an affected person"),
}

VOLUME = (Metric.ROWS, Metric.LABEL_COVERAGE, Metric.PREDICTED_POSITIVE)
DESK = (Metric.OVERTURNED, Metric.DAYS_TO_ANSWER)
"""Measured at the review desk, not in the log."""
LOWER_IS_BETTER = frozenset({Metric.BRIER, Metric.LOG_LOSS, Metric.MAE, Metric.RMSE, *DESK})
BY_TASK: Mapping[str, tuple[Metric, ...]] = {
    "binary": (
        Metric.ROC_AUC,
        Metric.ACCURACY,
        Metric.PRECISION,
        Metric.RECALL,
        Metric.F1,
        Metric.BRIER,
        Metric.LOG_LOSS,
        Metric.LABEL_POSITIVE,
    ),
    "multiclass": (Metric.ACCURACY, Metric.F1_MACRO),
    "regression": (Metric.MAE, Metric.RMSE, Metric.R2, Metric.BIAS, Metric.LABEL_MEAN),
}
"""What labels allow, the metric shown first for each task first."""

Measures = dict[Metric, Measure]


def volume(rows: int, labelled: int) -> Measures:
    """How many predictions there are, and the share with a label."""
    low, high = wilson(labelled, rows)
    found = {Metric.ROWS: Measure(rows, rows, rows, rows)}
    if rows:
        found[Metric.LABEL_COVERAGE] = Measure(labelled / rows, low, high, rows)
    return found


def share(hits: int, n: int) -> Measure | None:
    """A proportion with Wilson's interval; none without observations."""
    if not n:
        return None
    low, high = wilson(hits, n)
    return Measure(hits / n, low, high, n)


def binary(truth: Flags, predicted: Flags, score: Floats | None) -> Measures:
    """Metrics of yes-or-no predictions; `score` is the probability of yes, without NaN. Empty without rows."""
    n = len(truth)
    if not n:
        return {}
    hit = (truth & predicted).astype(np.float64)
    wrong = (truth ^ predicted).astype(np.float64)
    candidates: dict[Metric, Measure | None] = {
        Metric.ACCURACY: share(int((truth == predicted).sum()), n),
        Metric.PRECISION: share(int(hit.sum()), int(predicted.sum())),
        Metric.RECALL: share(int(hit.sum()), int(truth.sum())),
        Metric.F1: _ratio(2 * hit, 2 * hit + wrong, bounds=(0, 1)),
        Metric.LABEL_POSITIVE: share(int(truth.sum()), n),
    }
    if score is not None:
        held = np.clip(score, 1e-15, 1 - 1e-15)
        candidates |= {
            Metric.ROC_AUC: roc_auc(truth, score),
            Metric.BRIER: _mean(np.square(score - truth), floor=0),
            Metric.LOG_LOSS: _mean(-np.log(np.where(truth, held, 1 - held)), floor=0),
        }
    return {metric: measure for metric, measure in candidates.items() if measure is not None}


def roc_auc(truth: Flags, score: Floats) -> Measure | None:
    """Area under the ROC curve with DeLong's variance (DeLong 1988; midranks as Sun and Xu 2014)."""
    positive, negative = score[truth], score[~truth]
    m, n = len(positive), len(negative)
    if not m or not n:
        return None
    ranks = _midranks(np.concatenate([positive, negative]))
    above = (ranks[:m] - _midranks(positive)) / n
    below = 1 - (ranks[m:] - _midranks(negative)) / m
    area = float(above.mean())
    if m < SMALLEST or n < SMALLEST:
        return Measure(area, math.nan, math.nan, m + n)
    error = Z * math.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    return Measure(area, max(0.0, area - error), min(1.0, area + error), m + n)


def _midranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)


def multiclass(truth: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp], classes: int) -> Measures:
    """Metrics of class numbers below `classes`; F1's interval by its influence function."""
    n = len(truth)
    right = share(int((truth == predicted).sum()), n)
    if right is None:
        return {}
    scores = []
    influence = np.zeros(n)
    for one in range(classes):
        is_true, is_said = truth == one, predicted == one
        top = 2.0 * (is_true & is_said)
        bottom = 1.0 * is_true + is_said
        if not bottom.any():
            continue
        f1 = top.sum() / bottom.sum()
        scores.append(f1)
        influence += (top - f1 * bottom) / bottom.mean()
    value = float(np.mean(scores))
    error = Z * float(np.sqrt(np.square(influence / len(scores)).sum())) / n
    f1_macro = Measure(value, max(0.0, value - error), min(1.0, value + error), n)
    return {Metric.ACCURACY: right, Metric.F1_MACRO: f1_macro}


def regression(truth: Floats, predicted: Floats) -> Measures:
    """Metrics of quantities, both finite; errors in the label's unit, bias is predicted minus true."""
    if not len(truth):
        return {}
    errors = predicted - truth
    squared = np.square(errors)
    mse = _mean(squared, floor=0)
    found = {
        Metric.MAE: _mean(np.abs(errors), floor=0),
        Metric.BIAS: _mean(errors),
        Metric.LABEL_MEAN: _mean(truth),
    }
    if mse is not None:
        found[Metric.RMSE] = Measure(math.sqrt(mse.value), _root(mse.low), _root(mse.high), mse.n)
    spread = np.square(truth - truth.mean())
    if spread.any():
        lost = _ratio(squared, spread)
        found[Metric.R2] = Measure(1 - lost.value, 1 - lost.high, 1 - lost.low, lost.n) if lost else None
    return {metric: measure for metric, measure in found.items() if measure is not None}


def _root(value: float) -> float:
    return math.nan if math.isnan(value) else math.sqrt(max(value, 0))


def _mean(values: Floats, floor: float = -math.inf) -> Measure | None:
    n = len(values)
    value = float(values.mean())
    if n < SMALLEST:
        return Measure(value, math.nan, math.nan, n)
    error = Z * float(values.std(ddof=1)) / math.sqrt(n)
    return Measure(value, max(floor, value - error), value + error, n)


def _ratio(
    top: Floats, bottom: Floats, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Measure | None:
    """A ratio of sums, its interval by the delta method."""
    whole = float(bottom.sum())
    if not whole:
        return None
    n = len(top)
    value = float(top.sum()) / whole
    if n < SMALLEST:
        return Measure(value, math.nan, math.nan, n)
    error = Z * float(np.sqrt(np.square(top - value * bottom).sum())) / whole
    return Measure(value, max(bounds[0], value - error), min(bounds[1], value + error), n)
