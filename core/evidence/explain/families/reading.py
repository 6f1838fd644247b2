"""What a family says about one output of a model: its trees, the matrix they compare, and the real output."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.shapley import routing
from core.evidence.explain.shapley.columns import Owners
from core.evidence.explain.shapley.outputs import RawOutput
from core.evidence.explain.shapley.trees import Ensemble
from core.evidence.explain.terms import Fallback

Floats = NDArray[np.float64]
Matrix = Callable[[pd.DataFrame], Floats]
Front = Callable[[pd.DataFrame], object]  # the steps before the estimator

ANCHORS = 64  # background rows that tell what a model adds to its trees


class Unreadable(Exception):
    """An exact method for the family does not read this model."""

    def __init__(self, reason: Fallback) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TreeReading:
    """Trees of one output. `players[c]` is the source column that owns matrix column c."""

    ensemble: Ensemble
    matrix: Matrix
    output: RawOutput
    players: Owners


def anchored(reading: TreeReading, background: pd.DataFrame) -> TreeReading:
    """Give the ensemble the constant that the model adds to its trees, told by the model itself on background rows.

    Libraries keep it in many places (base score, start value, averages). The gate then holds every explained row
    against it, so that a constant that is none shows.
    """
    few = background.head(ANCHORS)
    own = routing.outputs(replace(reading.ensemble, constant=0.0), reading.matrix(few))
    gap = float(np.median(reading.output.score(few) - own))
    return replace(reading, ensemble=replace(reading.ensemble, constant=gap))


def codes(frame: pd.DataFrame, known: Mapping[int, Sequence[object]]) -> Floats:
    """The frame as numbers: categories by their place in `known` (by column position), NaN where they have none.

    A categorical column without a list in `known` gives its own codes. Raise `Unreadable` for other texts.
    """
    columns = []
    for position in range(frame.shape[1]):
        values = frame.iloc[:, position]
        if position in known:
            listed = pd.Index(list(known[position]), dtype=object)
            found = listed.get_indexer(pd.Index(values.astype(object)))
            columns.append(np.where(found < 0, np.nan, found.astype(np.float64)))
        elif isinstance(values.dtype, pd.CategoricalDtype):
            own = values.cat.codes.to_numpy(np.float64)
            columns.append(np.where(own < 0, np.nan, own))
        elif pd.api.types.is_numeric_dtype(values.dtype):
            columns.append(values.to_numpy(np.float64, na_value=np.nan))
        else:
            raise Unreadable(Fallback.UNSUPPORTED)
    return np.column_stack(columns) if columns else np.zeros((len(frame), 0))
