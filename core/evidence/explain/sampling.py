"""Which rows are explained: a stratified sample first, then more, each list the head of the next."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets.schema import is_number

FIRST = 200  # enough for a useful page within a second
MOST = 10_000
STRATA = 10  # bins of a numeric label

Rows = NDArray[np.int64]


def nested(label: pd.Series, *, most: int = MOST, seed: int = 0) -> Rows:
    """Positions of up to `most` rows; any prefix holds each stratum of the label in proportion, within one row.

    Rows of a stratum take random order; the k-th of n rows of a stratum stands at (k + u)/n, u uniform.
    """
    rng = np.random.default_rng(seed)
    strata = pd.Series(_strata(label)).reset_index(drop=True)
    order = pd.Series(rng.permutation(len(strata)))
    shuffled = strata.iloc[order].reset_index(drop=True)
    place = shuffled.groupby(shuffled).cumcount() + rng.random(len(shuffled))
    sizes = shuffled.map(shuffled.value_counts())
    position = (place / sizes).to_numpy()
    return order.to_numpy()[np.argsort(position, kind="stable")][:most].astype(np.int64)


def background(rows: int, *, most: int = 500, seed: int = 1) -> Rows:
    """Positions of the rows that stand in for absent features."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most]).astype(np.int64)


def _strata(label: pd.Series) -> NDArray[np.int64]:
    numeric = is_number(label)
    if numeric and label.nunique() > STRATA:
        ranks = label.rank(method="first", na_option="bottom").to_numpy()
        return np.minimum((ranks - 1) * STRATA // max(1, len(label)), STRATA - 1).astype(np.int64)
    return pd.factorize(label.astype("string").fillna(""))[0].astype(np.int64)
