"""Which source column each column of a pipeline's matrix comes from.

The structure of known transformers proposes the mapping; moving one source column at a time through the real
transformer then checks it. A matrix column fed by several sources (PCA, interactions) has no single owner: the
caller falls back to a model-agnostic method.
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

Floats = NDArray[np.float64]
Owners = tuple[int, ...]

SHIFTS = (1, 7)  # rows by which a source column is moved to see what follows it


def dense(matrix: object) -> NDArray[np.generic]:
    """A two-dimensional array of a transformer's output (frame, array or sparse matrix)."""
    if sparse.issparse(matrix):
        return np.asarray(matrix.toarray())  # type: ignore[attr-defined]
    if isinstance(matrix, pd.DataFrame):
        return matrix.to_numpy()
    return np.asarray(matrix)


def owners(transformer: object, inputs: Sequence[int]) -> Owners | None:  # noqa: PLR0911 one case a line
    """Owners of the transformer's output columns, given the owners of its inputs; None when not one each."""
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return tuple(inputs)
    if isinstance(transformer, str):
        return ()
    if isinstance(transformer, Pipeline):
        current: Owners | None = tuple(inputs)
        for _, step in transformer.steps:
            current = None if current is None else owners(step, current)
        return current
    if isinstance(transformer, ColumnTransformer):
        return _by_column(transformer, inputs)
    if isinstance(transformer, OneHotEncoder):
        return tuple(inputs[i] for i in _encoded(transformer))
    if isinstance(transformer, SimpleImputer):
        return _imputed(transformer, inputs)
    return _one_to_one(transformer, inputs)


def _encoded(encoder: OneHotEncoder) -> list[int]:
    """Input position of each one-hot column, asked from the encoder itself (it knows dropped and rare ones)."""
    probe = copy.copy(encoder)
    if hasattr(probe, "feature_names_in_"):
        del probe.feature_names_in_
    probe.feature_name_combiner = lambda feature, category: f"{feature}|{category}"
    positions = [str(i) for i in range(probe.n_features_in_)]
    return [int(str(name).split("|", 1)[0]) for name in probe.get_feature_names_out(positions)]


def _imputed(imputer: SimpleImputer, inputs: Sequence[int]) -> Owners:
    statistics = imputer.statistics_
    keeps = imputer.keep_empty_features
    kept = [i for i, s in enumerate(statistics) if keeps or not (isinstance(s, float) and np.isnan(s))]
    flags = list(imputer.indicator_.features_) if imputer.add_indicator else []
    return tuple(inputs[i] for i in [*kept, *flags])


def _by_column(transformer: ColumnTransformer, inputs: Sequence[int]) -> Owners | None:
    names = getattr(transformer, "feature_names_in_", None)
    positions = {} if names is None else {str(name): i for i, name in enumerate(names)}
    width = max((s.stop for s in transformer.output_indices_.values()), default=0)
    result: list[int] = [-1] * width
    for name, fitted, selected in transformer.transformers_:
        where = transformer.output_indices_.get(name, slice(0, 0))
        if where.stop - where.start == 0:
            continue
        chosen = [inputs[i] for i in _positions(selected, positions, len(inputs))]
        made = owners(fitted, chosen)
        if made is None or len(made) != where.stop - where.start:
            return None
        result[where] = made
    return None if -1 in result else tuple(result)


def _positions(selected: object, names: dict[str, int], width: int) -> list[int]:
    if isinstance(selected, str):
        return [names[selected]]
    if isinstance(selected, slice):
        return list(range(width))[selected]
    chosen = list(np.atleast_1d(np.asarray(selected, dtype=object)))
    if chosen and all(isinstance(c, bool | np.bool_) for c in chosen):
        return [int(i) for i in np.flatnonzero(np.asarray(chosen, bool))]
    return [names[c] if isinstance(c, str) else int(c) for c in chosen]


def _one_to_one(transformer: object, inputs: Sequence[int]) -> Owners | None:
    """Selectors keep a subset; scalers and encoders keep the count (the perturbation check tells mixers apart)."""
    if hasattr(transformer, "get_support"):
        return tuple(inputs[int(i)] for i in transformer.get_support(indices=True))
    count = getattr(transformer, "n_features_in_", len(inputs))
    out = getattr(transformer, "_n_features_out", count)
    return tuple(inputs) if out == len(inputs) == count else None


def confirmed(transform: Callable[[pd.DataFrame], object], frame: pd.DataFrame, proposal: Owners) -> bool:
    """Whether moving each source column alone changes no matrix column that another source owns."""
    followed = _followed(transform, frame, SHIFTS[:1])
    if followed.shape[1] != len(proposal):
        return False
    owned = np.asarray(proposal)
    others = owned[None, :] != np.arange(frame.shape[1])[:, None]
    return not np.any(followed & others)


def observed(transform: Callable[[pd.DataFrame], object], frame: pd.DataFrame) -> Owners | None:
    """Owners seen by moving each source column alone, for steps whose structure is not known.

    None where a matrix column follows several sources. One that follows none is constant on these rows and falls to
    the first source.
    """
    followed = _followed(transform, frame, SHIFTS)
    if np.any(followed.sum(axis=0) > 1):
        return None
    return tuple(int(owner) for owner in followed.argmax(axis=0))


def _followed(
    transform: Callable[[pd.DataFrame], object], frame: pd.DataFrame, shifts: Sequence[int]
) -> NDArray[np.bool_]:
    """Whether each matrix column moves when a source column does (sources × matrix columns), by one transform of all."""
    rows, sources = frame.shape
    blocks = 1 + sources * len(shifts)
    stacked = {}
    for position in range(sources):
        take = np.tile(np.arange(rows), blocks)
        for turn, shift in enumerate(shifts):
            block = 1 + position * len(shifts) + turn
            take[block * rows : (block + 1) * rows] = np.roll(np.arange(rows), shift)
        stacked[frame.columns[position]] = frame.iloc[:, position].array.take(take)
    matrix = dense(transform(pd.DataFrame(stacked, copy=False)))
    parts = matrix.reshape(blocks, rows, -1)
    start, moved = parts[:1], parts[1:]
    same = (start == moved) | ((start != start) & (moved != moved))  # noqa: PLR0124 NaN equals NaN here
    changed = ~same.all(axis=1)
    found: NDArray[np.bool_] = changed.reshape(sources, len(shifts), -1).any(axis=1)
    return found


class Transform:
    """The part of a model in front of its last estimator, as one call on a frame."""

    def __init__(self, steps: Sequence[object]) -> None:
        self._steps = [s for s in steps if s is not None and not (isinstance(s, str) and s == "passthrough")]

    def __call__(self, frame: pd.DataFrame) -> object:
        current: object = frame
        for step in self._steps:
            current = step.transform(current)  # type: ignore[attr-defined]
        return current

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in front of the estimator: every column is its own."""
        return not self._steps

    def owners(self, width: int) -> Owners | None:
        """Owners proposed by the steps' structure, for `width` source columns."""
        current: Owners | None = tuple(range(width))
        for step in self._steps:
            current = None if current is None else owners(step, current)
        return current
