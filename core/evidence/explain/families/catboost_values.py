"""CatBoost's own Shapley values: exact for its symmetric trees, and already the fastest there are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families.reading import Front, Unreadable
from core.evidence.explain.shapley.columns import Owners
from core.evidence.explain.shapley.outputs import RawOutput, position_of
from core.evidence.explain.terms import Fallback, Unit

Floats = NDArray[np.float64]

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
    values = np.zeros((len(rows), rows.shape[1]))
    values[:, list(players)] = sign * given[:, :-1]
    return NativeValues(values, float(sign * given[0, -1]), output)


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
