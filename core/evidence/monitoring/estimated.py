"""How good predictions are before their labels arrive: CBPE for classes, DLE for quantities.

CBPE (confidence-based performance estimation, NannyML): a calibrated probability says how often it is right.
DLE (direct loss estimation): a second model learns the size of the first one's error. Both hold while the link
between inputs and label stays: neither sees concept drift, which is why the gap to the realized value is shown.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring.performance import Measure, Measures, Metric
from core.evidence.monitoring.significance import Z

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BINS = 10
_SPLITS = 10
_FEWEST = 300


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising step-wise linear map of scores to probabilities; without points, scores are probabilities already."""

    scores: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()

    def __call__(self, score: Floats) -> Floats:
        """Return probabilities; scores beyond the reference's take its outermost probability."""
        return np.asarray(np.interp(score, self.scores, self.probabilities)) if self.scores else score


def isotonic(score: Floats, truth: Flags) -> Calibration:
    """Fit the rising map with the least squared error (pool adjacent violators, Ayer 1955)."""
    points, place, count = np.unique(score, return_inverse=True, return_counts=True)
    hits = np.bincount(place, truth.astype(np.float64))
    means: list[float] = []
    weights: list[float] = []
    lengths: list[int] = []
    for mean, weight in zip((hits / count).tolist(), count.tolist(), strict=True):
        means.append(mean)
        weights.append(weight)
        lengths.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            total = weights[-2] + weights[-1]
            means[-2] = (means[-2] * weights[-2] + means[-1] * weights[-1]) / total
            weights[-2] = total
            lengths[-2] += lengths[-1]
            del means[-1], weights[-1], lengths[-1]
    fitted = np.repeat(means, lengths)
    # Only the ends of each level are needed: between them the map is flat.
    kept = np.ones(len(points), dtype=bool)
    kept[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Calibration(tuple(points[kept].tolist()), tuple(fitted[kept].tolist()))


def calibration_error(probability: Floats, truth: Flags, bins: int = _BINS) -> float:
    """Expected calibration error over bins of equal size (Naeini 2015)."""
    order = np.argsort(probability, kind="stable")
    parts = zip(np.array_split(probability[order], bins), np.array_split(truth[order], bins), strict=True)
    return float(sum(abs(p.sum() - t.sum()) for p, t in parts)) / len(probability)


def calibrate(score: Floats, truth: Flags, *, seed: int = 42) -> Calibration:
    """Calibrate on a reference if that helps: it must lower the calibration error of rows held out in ten folds.

    Scores outside 0..1 are always mapped. A reference too small or of one class is left as it is.
    """
    positives = int(truth.sum())
    outside = bool(len(score)) and (score.min() < 0 or score.max() > 1)
    if min(positives, len(truth) - positives) < _SPLITS or len(truth) < _FEWEST:
        return isotonic(score, truth) if outside else Calibration()
    rng = np.random.default_rng(seed)
    fold = np.empty(len(truth), dtype=np.int64)
    for group in (truth, ~truth):
        at = rng.permutation(np.flatnonzero(group))
        fold[at] = np.arange(len(at)) % _SPLITS
    held = np.empty(len(score))
    for one in range(_SPLITS):
        at = fold == one
        held[at] = isotonic(score[~at], truth[~at])(score[at])
    if not outside and calibration_error(held, truth) >= calibration_error(score, truth):
        return Calibration()
    return isotonic(score, truth)


def estimated_binary(score: Floats, predicted: Flags, calibration: Calibration) -> Measures:
    """CBPE of a window without labels: expected metrics, and 95 % intervals for the labels' own chance.

    `score` is the model's probability of yes, without NaN; `predicted` what it decided. Empty without rows.
    """
    n = len(score)
    if not n:
        return {}
    p = np.clip(calibration(score), 0, 1)
    chance = p * (1 - p)
    right = np.where(predicted, p, 1 - p)
    hits, said, yes = float(p[predicted].sum()), int(predicted.sum()), float(p.sum())
    candidates: dict[Metric, Measure | None] = {
        Metric.ACCURACY: _banded(float(right.mean()), math.sqrt(float(chance.sum())) / n, n),
        Metric.PRECISION: _banded(hits / said, math.sqrt(float(chance[predicted].sum())) / said, said)
        if said
        else None,
        Metric.RECALL: _ratio(p, chance, hits, yes, np.where(predicted, 1.0, 0.0), np.ones(n)),
        Metric.F1: _ratio(p, chance, 2 * hits, said + yes, np.where(predicted, 2.0, 0.0), np.ones(n)),
        Metric.ROC_AUC: _auc(score, p),
        Metric.BRIER: _banded(
            float((p * np.square(1 - score) + (1 - p) * np.square(score)).mean()),
            math.sqrt(float((chance * np.square(1 - 2 * score)).sum())) / n,
            n,
        ),
    }
    return {metric: measure for metric, measure in candidates.items() if measure is not None}


def _banded(value: float, error: float, n: int) -> Measure:
    return Measure(value, max(0.0, value - Z * error), min(1.0, value + Z * error), n)


def _ratio(
    p: Floats, chance: Floats, top: float, bottom: float, above: Floats, below: Floats
) -> Measure | None:
    """A ratio of sums linear in the labels, `above` and `below` their weights; its error by the delta method."""
    if not bottom:
        return None
    value = top / bottom
    error = math.sqrt(float((chance * np.square(above - value * below)).sum())) / bottom
    return _banded(value, error, len(p))


def _auc(score: Floats, p: Floats) -> Measure | None:
    """Expected area under the ROC curve; its error by DeLong's components with probabilities for labels."""
    points, place = np.unique(score, return_inverse=True)
    yes, no = np.bincount(place, p, len(points)), np.bincount(place, 1 - p, len(points))
    m, n = float(yes.sum()), float(no.sum())
    if not m or not n:
        return None
    below = np.cumsum(no) - no / 2
    above = m - np.cumsum(yes) + yes / 2
    area = float((yes * below).sum()) / (m * n)
    of_yes, of_no = below / n, above / m
    spread = (
        float((yes * np.square(of_yes - area)).sum()) / m**2
        + float((no * np.square(of_no - area)).sum()) / n**2
    )
    return _banded(area, math.sqrt(spread), len(score))


class Regressor(Protocol):
    """What DLE needs of the model of errors."""

    def predict(self, X: Floats) -> Floats:
        """Return one value per row."""
        ...


@dataclass(frozen=True, slots=True)
class LossModel:
    """Models of the absolute and the squared error, and how far those errors spread on the reference."""

    absolute: Regressor
    squared: Regressor
    absolute_spread: float
    squared_spread: float


def learn_loss(inputs: Floats, predicted: Floats, truth: Floats, *, seed: int = 0) -> LossModel:
    """Learn the size of a model's error from a labelled reference it was not trained on; for the worker only.

    `inputs` has shape (n, features), NaN where missing, categories as numbers.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - heavy, and only for this
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    seen = np.column_stack([inputs, predicted])
    error = np.abs(truth - predicted)
    # At this size threads wait for each other more than they work, and on a busy machine without end.
    with threadpool_limits(limits=1, user_api="openmp"):
        models = [
            HistGradientBoostingRegressor(random_state=seed).fit(seen, target)
            for target in (error, np.square(error))
        ]
    return LossModel(models[0], models[1], float(error.std()), float(np.square(error).std()))


def estimated_regression(inputs: Floats, predicted: Floats, model: LossModel) -> Measures:
    """DLE of a window without labels: expected errors in the label's unit with 95 % intervals."""
    n = len(predicted)
    if not n:
        return {}
    seen = np.column_stack([inputs, predicted])
    mae = max(float(np.asarray(model.absolute.predict(seen)).mean()), 0.0)
    mse = max(float(np.asarray(model.squared.predict(seen)).mean()), 0.0)
    near, wide = (Z * spread / math.sqrt(n) for spread in (model.absolute_spread, model.squared_spread))
    return {
        Metric.MAE: Measure(mae, max(0.0, mae - near), mae + near, n),
        Metric.RMSE: Measure(math.sqrt(mse), math.sqrt(max(0.0, mse - wide)), math.sqrt(mse + wide), n),
    }
