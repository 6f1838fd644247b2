"""Symmetric trees by their tables: as CatBoost's own values, to the last digits, and left to it where they are of another kind."""

import catboost
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence.explain.families import catboost_values
from core.evidence.explain.shapley.oblivious import DEEPEST

QUIET = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}


def table(rows: int, columns: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, columns)).round(1))
    X.iloc[::7, 0] = np.nan
    return X, (X.fillna(0).to_numpy()[:, 0] * X.to_numpy()[:, -1] + rng.normal(size=rows)) > 0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, DEEPEST),
    st.integers(1, 12),
    st.integers(1, 6),
    st.sampled_from([3, 40, 400]),
)
def test_the_tables_say_what_the_library_says(seed, depth, trees, columns, rows):
    """Few rows leave leaves that nobody reached; few columns let one be asked twice on a path."""
    X, y = table(rows, columns, seed)
    if y.all() or not y.any():
        y = np.arange(rows) % 2 == 0
    model = catboost.CatBoostClassifier(iterations=trees, depth=depth, random_seed=seed, **QUIET).fit(X, y)
    asked, _ = table(50, columns, seed + 1)
    ours = catboost_values._tabled(model, lambda frame: frame, asked)
    theirs = catboost_values._values(model, asked)
    assert ours is not None
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    raw = model.predict(asked, prediction_type="RawFormulaVal")
    np.testing.assert_allclose(ours.sum(axis=1), raw, rtol=0, atol=1e-10)


def test_a_regression_has_its_bias():
    X, _ = table(200, 3, 1)
    model = catboost.CatBoostRegressor(iterations=20, **QUIET).fit(X, X[2] * 3 + 10)
    ours = catboost_values._tabled(model, lambda frame: frame, X)
    np.testing.assert_allclose(ours, catboost_values._values(model, X), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["several", "category", "deep", "lossguide"])
def test_other_kinds_are_the_librarys(kind):
    X, y = table(200, 3, 2)
    options = {"iterations": 5, **QUIET}
    if kind == "several":
        y = np.arange(200) % 3
    if kind == "deep":
        options["depth"] = DEEPEST + 1
    if kind == "lossguide":
        options["grow_policy"] = "Lossguide"
    if kind == "category":
        X = X.assign(kind=np.where(y, "a", "b"))
        options["cat_features"] = ["kind"]
    model = catboost.CatBoostClassifier(**options).fit(X, y)
    assert catboost_values._symmetric(model) is None
