"""Metrics of a regression with bootstrap intervals, drawn within fifths of the label.

Every metric is a ratio of sums over rows, so a resample is one product of counts with a table of row terms.
`wape` (sum of absolute errors over sum of absolute labels) stands for the mean absolute percentage error, which
has no value where a label is zero (Hyndman and Koehler 2006, section 2).
"""

import numpy as np
from numpy.typing import NDArray

from core.assets.intake.evaluation import Estimate
from core.assets.intake.resampling import draw

Floats = NDArray[np.float64]

METRICS = ("mae", "rmse", "r2", "wape", "bias")
POINTS = 200
BINS = 40


def evaluate(labels: Floats, predicted: Floats, *, seed: int = 0) -> dict[str, Estimate]:
    """Return each metric of `METRICS` with its 95 % interval; `bias` is prediction minus label, in its unit."""
    error = predicted - labels
    centred = labels - labels.mean()
    terms = np.column_stack([np.abs(error), error**2, centred, centred**2, np.abs(labels), error])
    point = _metrics(terms.sum(axis=0), len(labels))
    edges = np.quantile(labels, [0.2, 0.4, 0.6, 0.8])
    fifth = np.searchsorted(edges, labels)
    strata = [np.flatnonzero(fifth == k) for k in range(5)]
    draws = np.array([_metrics(w @ terms, len(labels)) for w in draw(strata, len(labels), seed=seed)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {
        name: Estimate(float(point[i]), float(low[i]), float(high[i]), len(labels))
        for i, name in enumerate(METRICS)
    }


def curves(labels: Floats, predicted: Floats) -> dict[str, dict[str, list[float]]]:
    """Return the histogram of residuals, a sample of label against prediction, and means by decile of prediction."""
    residual = predicted - labels
    low, high = np.quantile(residual, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts = np.histogram(np.clip(residual, edges[0], edges[-1]), edges)[0]
    sample = np.linspace(0, len(labels) - 1, min(POINTS, len(labels))).astype(int)
    deciles = np.array_split(np.argsort(predicted, kind="stable"), min(10, len(labels)))
    return {
        "residuals": {
            "middle": ((edges[1:] + edges[:-1]) / 2).tolist(),
            "rows": counts.astype(float).tolist(),
        },
        "scatter": {"observed": labels[sample].tolist(), "predicted": predicted[sample].tolist()},
        "calibration": {
            "predicted": [float(predicted[d].mean()) for d in deciles],
            "observed": [float(labels[d].mean()) for d in deciles],
            "count": [float(len(d)) for d in deciles],
        },
    }


def _metrics(sums: Floats, rows: int) -> tuple[float, ...]:
    absolute, squared, centred, centred_squared, label, error = (float(s) for s in sums)
    spread = centred_squared - centred**2 / rows
    return (
        absolute / rows,
        float(np.sqrt(squared / rows)),
        1 - squared / spread if spread > 0 else float("nan"),
        absolute / label if label else float("nan"),
        error / rows,
    )
