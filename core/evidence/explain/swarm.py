"""Where the points of a beeswarm lie, so that a page only draws them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 60
SPREAD = 0.38  # of the distance between two features


@dataclass(frozen=True, slots=True)
class Swarm:
    """One feature's points: attribution, offset from its line, rank of the feature's value (NaN: no order), value."""

    feature: str
    phi: Floats
    offset: Floats
    rank: Floats
    values: tuple[object, ...]


def swarms(
    attributions: pd.DataFrame, inputs: pd.DataFrame, *, features: int = 10, points: int = 400
) -> list[Swarm]:
    """The strongest features' points (columns are ordered by importance), at most `points` each, spread evenly."""
    keep = np.unique(
        np.linspace(0, len(attributions) - 1, min(points, len(attributions))).round().astype(int)
    )
    found = []
    for name in list(attributions.columns)[:features]:
        phi = attributions[name].to_numpy(np.float64)[keep]
        values = inputs[name].iloc[keep]
        found.append(Swarm(str(name), phi, offsets(phi), ranks(values), tuple(values.astype(object))))
    return found


def offsets(phi: Floats) -> Floats:
    """Points that share a bin are stacked around the line, alternating sides; the fullest bin fills the spread."""
    low, high = float(phi.min(initial=0.0)), float(phi.max(initial=0.0))
    width = (high - low) or 1.0
    bins = pd.Series(((phi - low) / width * (BINS - 1)).round().astype(int))
    place = bins.groupby(bins).cumcount().to_numpy()
    side = np.where(place % 2 == 0, 1.0, -1.0) * ((place + 1) // 2)
    return np.asarray(side * (SPREAD / max(1.0, float(np.abs(side).max(initial=0.0)))), np.float64)


def ranks(values: pd.Series) -> Floats:
    """Rank of each value as a share of one; NaN for missing values and for texts, which have no order."""
    if not pd.api.types.is_numeric_dtype(values):
        return np.full(len(values), np.nan)
    return np.asarray(values.astype("float64").rank(pct=True), np.float64)
