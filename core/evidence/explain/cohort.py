"""Importance in a part of the rows against the rest, and which feature a dependence varies with."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.importance import Pair, importance, pairs
from core.evidence.explain.swarm import ranks

Floats = NDArray[np.float64]

BINS = 8
WEAKEST = 0.3  # a weaker relation is noise to the eye
FEWEST = 30  # rows on either side: fewer say nothing


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a column: a text value, or numbers from `low` (included) to `high` (left out; None: open)."""

    feature: str
    value: str = ""
    low: float | None = None
    high: float | None = None

    def mask(self, inputs: pd.DataFrame) -> NDArray[np.bool_]:
        """Rows that belong to it; missing values belong to none."""
        column = inputs[self.feature]
        if self.value:
            return (column.astype("string").fillna("") == self.value).to_numpy(np.bool_)
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return np.asarray((numbers >= low) & (numbers < high), np.bool_)


def parts(column: pd.Series, most: int = 12) -> tuple[Part, ...]:
    """The parts a reader may choose: the most frequent texts, or quarters of the numbers."""
    name = str(column.name)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return tuple(Part(name, value=str(v)) for v in column.astype("string").value_counts().index[:most])
    numbers = column.dropna().to_numpy(np.float64)
    if not len(numbers):
        return ()
    cuts = np.unique(np.quantile(numbers, [0.25, 0.5, 0.75]))
    bounds: list[float | None] = [None, *[float(c) for c in cuts], None]
    return tuple(Part(name, low=a, high=b) for a, b in pairwise(bounds))


def compared(values: pd.DataFrame, inputs: pd.DataFrame, part: Part) -> tuple[tuple[Pair, ...], int, int]:
    """Importance outside (left) and inside (right) a part, and how many rows each has; no pairs below FEWEST rows."""
    inside = part.mask(inputs)
    rows = int(inside.sum())
    rest = len(inside) - rows
    if min(rows, rest) < FEWEST:
        return (), rows, rest
    names = [str(c) for c in values.columns]
    matrix = values.to_numpy(np.float64)
    return pairs(importance(matrix[~inside], names), importance(matrix[inside], names)), rows, rest


def partner(values: pd.DataFrame, inputs: pd.DataFrame, feature: str) -> str | None:
    """The feature whose rank tells most of what a dependence does not: where φ spreads at one value of `feature`."""
    phi = pd.Series(values[feature].to_numpy(np.float64))
    own = inputs[feature].reset_index(drop=True)
    numeric = pd.api.types.is_numeric_dtype(own)
    found_in = np.floor(ranks(own) * BINS) if numeric else pd.factorize(own.astype("string"))[0]
    groups: Floats = np.nan_to_num(np.asarray(found_in, np.float64), nan=-1.0)
    residual = (phi - phi.groupby(groups).transform("mean")).to_numpy()
    if float(np.std(residual)) <= 1e-12 * max(1.0, float(np.abs(phi).max())):
        return None
    best, found = WEAKEST, None
    for name in inputs.columns:
        relation = 0.0 if name == feature else _relation(residual, ranks(inputs[name]), groups)
        if relation > best:
            best, found = relation, str(name)
    return found


def _relation(residual: Floats, rank: Floats, groups: Floats) -> float:
    """Mean |correlation| of rank and residual inside the groups, weighted by rows: the sign may change on the way."""
    total = rows = 0.0
    for group in np.unique(groups):
        here = (groups == group) & np.isfinite(rank)
        n = int(here.sum())
        if n < 10 or np.ptp(rank[here]) == 0 or np.ptp(residual[here]) == 0:
            continue
        total += n * abs(float(np.corrcoef(residual[here], rank[here])[0, 1]))
        rows += n
    return total / rows if rows >= FEWEST else 0.0
