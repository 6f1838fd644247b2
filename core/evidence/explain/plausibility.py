"""How unlike anything seen a row is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNUSUAL = 0.99  # of the reference's own distances to their nearest neighbour


def numbers(values: pd.Series) -> Floats:
    """Values as numbers, NaN where missing."""
    return values.to_numpy(np.float64, na_value=np.nan)


class Neighbourhood:
    """Gower distance to the nearest reference row: numbers over their spread, capped at 1; categories 0 or 1; mean."""

    def __init__(self, reference: pd.DataFrame, numeric: Sequence[bool]) -> None:
        self._numeric = numeric
        self._reference = reference
        self._scales = [
            float(np.nanquantile(v, 0.95) - np.nanquantile(v, 0.05)) or 1.0
            if n and np.isfinite(v).any()
            else 1.0
            for n, v in (
                (n, numbers(reference.iloc[:, i]) if n else np.zeros(0)) for i, n in enumerate(numeric)
            )
        ]
        own = self._all(reference)
        np.fill_diagonal(own, np.inf)
        self.usual = float(np.quantile(own.min(axis=1), UNUSUAL)) if len(reference) > 1 else 1.0

    def distance(self, rows: pd.DataFrame) -> Floats:
        """Distance of each row to its nearest reference row."""
        return np.asarray(self._all(rows).min(axis=1), np.float64)

    def _all(self, rows: pd.DataFrame) -> Floats:
        total = np.zeros((len(rows), len(self._reference)))
        for i, numeric in enumerate(self._numeric):
            ours, theirs = rows.iloc[:, i], self._reference.iloc[:, i]
            if numeric:
                gap = np.abs(numbers(ours)[:, None] - numbers(theirs)[None]) / self._scales[i]
                total += np.where(np.isnan(gap), 0.0, np.minimum(gap, 1.0))
            else:
                a, b = ours.astype(object).to_numpy(), theirs.astype(object).to_numpy()
                total += a[:, None] != b[None]
        return total / max(1, len(self._numeric))
