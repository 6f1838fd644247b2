"""Global importance from attributions, and how two versions' importances agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Importance:
    """Mean |φ| of one feature with its bootstrap interval over rows."""

    feature: str
    mean_abs: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Importance of one feature in two versions; zero where a version does not have it."""

    feature: str
    left: float
    right: float

    @property
    def change(self) -> float:
        return self.right - self.left


def importance(values: Floats, features: Sequence[str], *, seed: int = 0) -> tuple[Importance, ...]:
    """Features by falling mean |φ|, each with a 95 % percentile interval over DRAWS resamples of the rows."""
    size = np.abs(values)
    n = len(size)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    draws = counts @ size / n
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    mean = size.mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    return tuple(Importance(features[j], float(mean[j]), float(low[j]), float(high[j])) for j in order)


def pairs(left: Sequence[Importance], right: Sequence[Importance]) -> tuple[Pair, ...]:
    """Both versions' importances by feature, largest first."""
    a = {i.feature: i.mean_abs for i in left}
    b = {i.feature: i.mean_abs for i in right}
    found = [Pair(name, a.get(name, 0.0), b.get(name, 0.0)) for name in {**b, **a}]
    return tuple(sorted(found, key=lambda p: (-max(p.left, p.right), p.feature)))


def rank_agreement(pairs: Sequence[Pair]) -> float:
    """Spearman's ρ of two versions' importances, ties at mid-rank; NaN below two features."""
    if len(pairs) < 2:
        return float("nan")
    a, b = _ranks([p.left for p in pairs]), _ranks([p.right for p in pairs])
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def _ranks(values: Sequence[float]) -> Floats:
    array = np.asarray(values, np.float64)
    below = (array[None, :] < array[:, None]).sum(axis=1)
    equal = (array[None, :] == array[:, None]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2, np.float64)
