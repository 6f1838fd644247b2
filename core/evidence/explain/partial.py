"""Partial dependence (Friedman 2001) and individual conditional expectation (Goldstein 2015) of one feature.

What the model would say if this feature alone were otherwise: over all rows as a mean, and row by row. Where features
move together in life, it asks about rows that never occur; Shapley values beside it do not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.assets.datasets.schema import is_number

Floats = npt.NDArray[np.float64]

POINTS = 16
"""Values of a feature that are asked about."""
LINES = 24
"""Rows that are kept one by one."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Partial:
    """One feature: the values asked about, the mean answer at each with its 95 % interval, and single rows' answers.

    `lines` has shape (rows kept, points). Answers are probabilities of the explained class, or the label's own unit.
    """

    feature: str
    numeric: bool
    grid: tuple[float | str, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    lines: tuple[tuple[float, ...], ...]
    rows: int

    @property
    def reach(self) -> float:
        """How far the mean moves from its lowest to its highest."""
        return max(self.mean) - min(self.mean)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Partial":
        """Read it back."""
        rows = tuple(tuple(map(float, line)) for line in body["lines"])
        listed = {name: tuple(body[name]) for name in ("grid", "mean", "low", "high")}
        return cls(**{**body, **listed, "lines": rows})


def grid(values: pd.Series, points: int = POINTS) -> list[object]:
    """Return the values to ask about: quantiles of numbers, else the most frequent ones; missing ones are left out."""
    known = values.dropna()
    if is_number(values):
        distinct = np.unique(known)
        if len(distinct) <= points:
            return list(distinct)
        # The outermost 1 % on each side is not asked about: hardly a row says what happens there.
        at = np.quantile(known, np.linspace(0.01, 0.99, points), method="nearest")
        return list(np.unique(at))
    return list(known.value_counts().index[:points])


def varied(rows: pd.DataFrame, feature: str, values: Sequence[object]) -> pd.DataFrame:
    """Return every row once for each value, value by value, with the feature's type kept."""
    repeated = pd.concat([rows] * len(values), ignore_index=True)
    column = pd.Series(np.repeat(np.asarray(values, dtype=object), len(rows)))
    repeated[feature] = column.astype(rows[feature].dtype)
    return repeated


def partial(feature: str, values: Sequence[object], said: Floats, *, numeric: bool) -> Partial:
    """Sum the answers up; `said` has shape (points, rows)."""
    n = said.shape[1]
    mean = said.mean(axis=1)
    error = said.std(axis=1, ddof=1) / math.sqrt(n) if n > 1 else np.full(len(mean), math.nan)
    kept = np.linspace(0, n - 1, min(LINES, n)).astype(int)
    return Partial(
        feature=feature,
        numeric=numeric,
        grid=tuple(float(v) if numeric else str(v) for v in values),  # type: ignore[arg-type]  # numbers, as asked
        mean=tuple(mean.tolist()),
        low=tuple((mean - _Z * error).tolist()),
        high=tuple((mean + _Z * error).tolist()),
        lines=tuple(tuple(row) for row in said[:, kept].T.tolist()),
        rows=n,
    )
