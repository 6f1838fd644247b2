"""CatBoost: symmetric trees of numbers by their tables, everything else by the library's own exact values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families.reading import Front, Unreadable
from core.evidence.explain.shapley.columns import Owners
from core.evidence.explain.shapley.oblivious import DEEPEST, Symmetric, values
from core.evidence.explain.shapley.outputs import RawOutput, position_of
from core.evidence.explain.terms import Fallback, Unit

Floats = NDArray[np.float64]

_NUMBER = re.compile(r"(\d+), bin=")
LOGGED = frozenset({"Poisson", "Tweedie"})
PLAIN = frozenset(
    {"RMSE", "MAE", "Quantile", "MAPE", "LogCosh", "Huber", "Expectile", "Lq", "RMSEWithUncertainty"}
)


def takes(estimator: object) -> bool:
    """Whether this is CatBoost's own estimator, or its file as the runner loads it."""
    kind = type(estimator)
    return getattr(kind, "kind", "") == "catboost.CatBoost" or (
        kind.__module__ == "catboost.core" and hasattr(estimator, "get_feature_importance")
    )


@dataclass(frozen=True, slots=True)
class NativeValues:
    """Values (rows × source columns) and base of one output, as the library gives them."""

    values: Floats
    base: float
    output: RawOutput


def read(
    model: object, estimator: object, front: Front, players: Owners, rows: pd.DataFrame, label: str | None
) -> NativeValues:
    """Explain `rows` by CatBoost. Raise `Unreadable` where a source feeds several columns: their sum is not exact."""
    if len(set(players)) != len(players):
        raise Unreadable(Fallback.MIXED_COLUMNS)
    native = getattr(estimator, "native", None)
    library: Any = estimator if native is None else native

    def prepared(frame: pd.DataFrame) -> object:
        return front(frame) if native is None else estimator.prepared(front(frame))  # type: ignore[attr-defined]

    def raw(frame: pd.DataFrame) -> Floats:
        found = library.predict(prepared(frame), prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(found, np.float64)

    position = position_of(model, label)
    given = _tabled(library, prepared, rows)
    if given is None:
        given = _values(library, prepared(rows))
    if given.ndim == 3:
        if position is None:
            raise Unreadable(Fallback.VECTOR_LEAVES)
        given, sign = given[:, position], 1.0
        score = lambda f: raw(f)[:, position]  # noqa: E731
    else:
        sign = -1.0 if position == 0 else 1.0
        score = lambda f: sign * raw(f)  # noqa: E731
    name = "" if position is None else str(model.classes_[position])  # type: ignore[attr-defined]
    output = RawOutput(score, _unit(library, position), position, name)
    spread = np.zeros((len(rows), rows.shape[1]))
    spread[:, list(players)] = sign * given[:, :-1]
    return NativeValues(spread, float(sign * given[0, -1]), output)


def _tabled(library: Any, prepared: Callable[[pd.DataFrame], object], rows: pd.DataFrame) -> Floats | None:
    """Values and base as the library would give them, from the trees themselves; none where they are not of that kind."""
    trees = _symmetric(library)
    if trees is None:
        return None
    from catboost import Pool  # noqa: PLC0415 - imported by the helper before the fork

    pool = Pool(prepared(rows))
    count = int(pool.num_col())
    leaf = np.asarray(library.calc_leaf_indexes(pool, thread_count=1), np.uint32)
    found, base = values(trees, leaf, count)
    return np.column_stack([found, np.full(len(found), base)])


def _symmetric(library: Any) -> Symmetric | None:
    """Read the trees; none for categories, texts, several outputs, other shapes of trees, or deep ones."""
    counts = np.asarray(library.get_tree_leaf_counts(), np.int64)
    held = np.asarray(library.get_leaf_values())
    others = [*library.get_cat_feature_indices(), *library.get_text_feature_indices()]
    scale, bias = library.get_scale_and_bias()
    if others or not len(counts) or len(held) != counts.sum() or np.ndim(bias):
        return None
    weights = np.asarray(library.get_leaf_weights())  # for several outputs the library would raise here
    levels = np.log2(counts).astype(np.int64)
    if (1 << levels != counts).any() or not 1 <= levels.max() <= DEEPEST:
        return None
    player = np.full((len(counts), int(levels.max())), -1, np.int64)
    for tree, depth in enumerate(levels):
        said = [_NUMBER.match(split) for split in library._get_tree_splits(tree, None)]  # noqa: SLF001 - no other way
        if len(said) != depth or not all(said):
            return None
        player[tree, :depth] = [int(one[1]) for one in said if one]
    shape = (len(counts), int(counts.max()))
    place = np.arange(shape[1]) < counts[:, None]
    value, weight = np.zeros(shape), np.zeros(shape)
    value[place], weight[place] = held, weights
    return Symmetric(player, value, weight, float(scale), float(bias))


def _values(library: object, rows: object) -> Floats:
    from catboost import Pool  # noqa: PLC0415 - imported by the helper before the fork

    categories = library.get_cat_feature_indices()  # type: ignore[attr-defined]
    texts = library.get_text_feature_indices()  # type: ignore[attr-defined]
    pool = Pool(rows, cat_features=categories or None, text_features=texts or None)
    found = library.get_feature_importance(pool, type="ShapValues", thread_count=1)  # type: ignore[attr-defined]
    return np.asarray(found, np.float64)


def _unit(library: object, position: int | None) -> Unit:
    if position is not None:
        return Unit.MARGIN
    loss = str(library.get_all_params().get("loss_function", "RMSE")).split(":", 1)[0]  # type: ignore[attr-defined]
    if loss in LOGGED:
        return Unit.LOG_VALUE
    if loss not in PLAIN:
        raise Unreadable(Fallback.UNSUPPORTED)
    return Unit.VALUE
