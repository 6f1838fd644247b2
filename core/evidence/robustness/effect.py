"""What a shake does to a model: how much the metric drops, and how many decisions change, each with its interval.

The areas under two ROC curves over the same rows are compared by DeLong, DeLong and Clarke-Pearson (1988), with ranks as
in Sun and Xu (2014); means and R² by a paired bootstrap over rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DRAWS = 400
MOVED = 0.1
"""From this share of their standard deviation on, a quantity counts as changed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval over `n` rows."""

    value: float
    low: float
    high: float
    n: int


def auc_drop(event: Flags, clean: Floats, shaken: Floats) -> tuple[float, Figure] | None:
    """Return the area of the clean scores and how much less it is for the shaken ones; none with one class only."""
    from scipy import special  # noqa: PLC0415 - only the worker computes: the server spares 60 MB

    m, n = int(event.sum()), int((~event).sum())
    if m < 2 or n < 2:
        return None
    areas, tens, ones = zip(*(_placements(event, s) for s in (clean, shaken)), strict=True)
    covariance = np.cov(np.stack(tens)) / m + np.cov(np.stack(ones)) / n
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    drop = areas[0] - areas[1]
    reach = special.ndtri(0.975) * float(np.sqrt(max(variance, 0.0)))
    return float(areas[0]), Figure(float(drop), float(drop - reach), float(drop + reach), m + n)


def right_drop(right: Flags, still: Flags, *, seed: int = 0) -> tuple[float, Figure]:
    """Return the share of right decisions and how much less it is, from the rows whose being right changed."""
    change = right.astype(np.float64) - still
    return float(right.mean()), _mean(change, seed)


def r2_drop(truth: Floats, clean: Floats, shaken: Floats, *, seed: int = 0) -> tuple[float, Figure] | None:
    """Return R² and how much less it is for the shaken predictions."""
    spread = (truth - truth.mean()) ** 2
    if not spread.sum() > 0:
        return None
    before, after = (truth - clean) ** 2, (truth - shaken) ** 2
    drawn = _weights(len(truth), seed)
    drops = (drawn @ (after - before)) / np.maximum(drawn @ spread, 1e-300)
    low, high = np.quantile(drops, [0.025, 0.975])
    value = float((after.sum() - before.sum()) / spread.sum())
    return float(1 - before.sum() / spread.sum()), Figure(value, float(low), float(high), len(truth))


def changed(before: Flags) -> Figure:
    """Return the share of rows that are marked, with the interval of Jeffreys' prior."""
    from scipy import special  # noqa: PLC0415 - only the worker computes: the server spares 60 MB

    hits, rows = int(before.sum()), len(before)
    low = 0.0 if hits == 0 else float(special.betaincinv(hits + 0.5, rows - hits + 0.5, 0.025))
    high = 1.0 if hits == rows else float(special.betaincinv(hits + 0.5, rows - hits + 0.5, 0.975))
    return Figure(hits / rows, low, high, rows)


def moved(clean: Floats, shaken: Floats) -> Flags:
    """Mark the quantities that changed by more than a tenth of their standard deviation."""
    spread = float(clean.std())
    found: Flags = np.abs(shaken - clean) > MOVED * spread if spread > 0 else shaken != clean
    return found


def _placements(event: Flags, score: Floats) -> tuple[float, Floats, Floats]:
    from scipy import stats  # noqa: PLC0415 - only the worker computes: the server spares 60 MB

    positive, negative = score[event], score[~event]
    together = stats.rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    tens = (together[:m] - stats.rankdata(positive)) / n
    ones = 1 - (together[m:] - stats.rankdata(negative)) / m
    return float(tens.mean()), tens, ones


def _mean(values: Floats, seed: int) -> Figure:
    low, high = np.quantile(_weights(len(values), seed) @ values / len(values), [0.025, 0.975])
    return Figure(float(values.mean()), float(low), float(high), len(values))


def _weights(rows: int, seed: int) -> Floats:
    rng = np.random.default_rng([seed, rows])
    return rng.multinomial(rows, np.full(rows, 1 / rows), size=DRAWS).astype(np.float64)
