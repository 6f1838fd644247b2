"""Counts per group, and every metric as arithmetic on them.

A classifier's rows fall into four cells per group, in the order true negative, false positive, false negative, true
positive, where *positive* is the favourable outcome. What is a mean rather than a share (calibration, errors of a
regression) is kept as sums. A resample of the rows is one multinomial draw of the cells, so that a thousand of them cost
milliseconds whatever the number of rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.evidence.fairness.groups import Codes, Grouping
from core.i18n import N_

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Metric(StrEnum):
    """What is compared between groups."""

    SELECTION = "selection_rate"
    TPR = "true_positive_rate"
    FPR = "false_positive_rate"
    PRECISION = "precision"
    ERROR = "error_rate"
    CALIBRATION = "calibration_gap"
    MAE = "mean_absolute_error"
    MEAN = "mean_prediction"
    BIAS = "mean_error"


METRIC_NAMES: Mapping[Metric, str] = {
    Metric.SELECTION: N_("Favourable decisions"),
    Metric.TPR: N_("Rightly favoured"),
    Metric.FPR: N_("Wrongly favoured"),
    Metric.PRECISION: N_("Right among the favoured"),
    Metric.ERROR: N_("Wrong decisions"),
    Metric.CALIBRATION: N_("Promised less observed"),
    Metric.MAE: N_("Mean absolute error"),
    Metric.MEAN: N_("Mean prediction"),
    Metric.BIAS: N_("Mean of prediction less label"),
}
METRIC_MEANINGS: Mapping[Metric, str] = {
    Metric.SELECTION: N_("Share of the group that gets the favourable decision (selection rate)."),
    Metric.TPR: N_(
        "Of those whose outcome was favourable, the share that was favoured (true positive rate)."
    ),
    Metric.FPR: N_(
        "Of those whose outcome was not favourable, the share that was favoured (false positive rate)."
    ),
    Metric.PRECISION: N_("Of those who were favoured, the share whose outcome was favourable (precision)."),
    Metric.ERROR: N_("Share of the group that was decided wrongly, in either direction."),
    Metric.CALIBRATION: N_("Mean predicted probability of the favourable outcome less its observed share."),
    Metric.MAE: N_("How far predictions lie from labels, on average."),
    Metric.MEAN: N_("What the model predicts for the group, on average."),
    Metric.BIAS: N_("Above zero, the group is predicted too high."),
}
SHARES = (Metric.SELECTION, Metric.TPR, Metric.FPR, Metric.PRECISION, Metric.ERROR)
NO_RATIO = frozenset({Metric.CALIBRATION, Metric.BIAS})
"""Signed means: their ratio says nothing."""

_TN, _FP, _FN, _TP = range(4)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one quantity per group: rows, sum, and sum of squares."""

    rows: Floats
    total: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        """The mean per group."""
        return divided(self.total, self.rows)

    @property
    def error(self) -> Floats:
        """The standard error of the mean per group; NaN below two rows."""
        spread = np.maximum(self.squares - self.total**2 / np.maximum(self.rows, 1), 0)
        return np.sqrt(divided(divided(spread, self.rows - 1), self.rows))


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted per group: `cells` (k, 4) of a classifier, and `sums` of what is a mean."""

    sizes: Codes
    cells: NDArray[np.int64] | None
    sums: Mapping[Metric, Sums]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that follow from it."""
        return (*(SHARES if self.cells is not None else ()), *self.sums)


def of_classes(groups: Grouping, truth: Flags, said: Flags, score: Floats | None = None) -> Tally:
    """Count a classifier's rows; `score` is the probability of the favourable outcome where the model gives one."""
    k = len(groups.names)
    cell = groups.codes * 4 + truth * 2 + said
    cells = np.bincount(cell, minlength=4 * k).reshape(k, 4).astype(np.int64)
    sums = {} if score is None else {Metric.CALIBRATION: _summed(groups, score - truth)}
    return Tally(cells.sum(axis=1), cells, sums)


def of_quantities(groups: Grouping, truth: Floats, predicted: Floats) -> Tally:
    """Sum a regression's rows."""
    sums = {
        Metric.MAE: _summed(groups, np.abs(predicted - truth)),
        Metric.MEAN: _summed(groups, predicted),
        Metric.BIAS: _summed(groups, predicted - truth),
    }
    return Tally(groups.sizes, None, sums)


def share(metric: Metric, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many, out of how many: `cells` is (…, 4)."""
    tn, fp, fn, tp = (cells[..., i] for i in (_TN, _FP, _FN, _TP))
    match metric:
        case Metric.SELECTION:
            return tp + fp, tn + fp + fn + tp
        case Metric.TPR:
            return tp, tp + fn
        case Metric.FPR:
            return fp, fp + tn
        case Metric.PRECISION:
            return tp, tp + fp
        case _:
            return fp + fn, tn + fp + fn + tp


def values(tally: Tally, metric: Metric) -> Floats:
    """Return the metric of each group; NaN where nothing is counted."""
    if metric in tally.sums:
        return tally.sums[metric].mean
    assert tally.cells is not None  # noqa: S101 - a share is of cells
    hits, rows = share(metric, tally.cells)
    return divided(hits.astype(np.float64), rows.astype(np.float64))


def divided(above: Floats, below: Floats) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    found: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) > 0)
    return found


def _summed(groups: Grouping, quantity: Floats) -> Sums:
    k = len(groups.names)
    return Sums(
        groups.sizes.astype(np.float64),
        np.bincount(groups.codes, quantity, k).astype(np.float64),
        np.bincount(groups.codes, quantity**2, k).astype(np.float64),
    )
