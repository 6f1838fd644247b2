"""Small random ensembles of every family, grown by the library itself, against brute force over every coalition.

Both value functions, plain and with columns grouped to players; the kernel must meet the definition within 1e-10, and the
trees as read must give the model's own output. 500 of each family with `-m long`, a handful otherwise.
"""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from core.evidence.explain.families import choice
from core.evidence.explain.shapley.interactions import interactions
from core.evidence.explain.shapley.interventional import InterventionalExplainer
from core.evidence.explain.shapley.quadrature import TreeExplainer
from core.evidence.explain.shapley.routing import outputs
from core.evidence.explain.shapley.trees import Ensemble, Tree
from tests.core.evidence.explain.test_native_files import graph, plain_attributes
from tests.core.evidence.explain.test_shapley import path_dependent, random_rows, random_tree, shapley

ROWS = 90


def forest(rng, X, y):
    return RandomForestClassifier(3, max_depth=4, random_state=int(rng.integers(99))).fit(X, y)


def extra(rng, X, y):
    return ExtraTreesRegressor(3, max_depth=4, random_state=int(rng.integers(99))).fit(
        X, y + rng.normal(size=ROWS)
    )


def boosted(rng, X, y):
    return GradientBoostingClassifier(n_estimators=3, max_depth=3).fit(X.fillna(0), y)


def histogram(rng, X, y):
    kinds = X.assign(c0=X["c0"].round().clip(0, 5).fillna(0))
    return HistGradientBoostingClassifier(
        max_iter=3, max_leaf_nodes=7, min_samples_leaf=4, categorical_features=["c0"]
    ).fit(kinds, y)


def xgb(rng, X, y):
    xgboost = pytest.importorskip("xgboost")
    kinds = ["c", *["q"] * (X.shape[1] - 1)]
    model = xgboost.XGBClassifier(
        n_estimators=3,
        max_depth=3,
        nthread=1,
        feature_types=kinds,
        enable_categorical=True,
        max_cat_to_onehot=1,
    )
    return model.fit(X.assign(c0=X["c0"].round().clip(0, 5).fillna(0)), y)


def light(rng, X, y):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(
        n_estimators=3,
        num_leaves=7,
        min_child_samples=4,
        verbose=-1,
        n_jobs=1,
        max_cat_to_onehot=1,
        min_data_per_group=2,
    )
    return model.fit(X.assign(c0=X["c0"].round().clip(0, 5).fillna(0)), y, categorical_feature=["c0"])


def onnx(rng, X, y):
    pytest.importorskip("skl2onnx")
    model = RandomForestClassifier(3, max_depth=3, random_state=int(rng.integers(99)))
    return graph(model.fit(X.fillna(0).to_numpy(), y), X)


FAMILIES = {f.__name__: f for f in (forest, extra, boosted, histogram, xgb, light, onnx)}


@pytest.fixture(autouse=True)
def _plain():
    with plain_attributes():
        yield


def one(grow, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = int(rng.integers(2, 5))
    X = pd.DataFrame(rng.normal(size=(ROWS, columns)), columns=[f"c{i}" for i in range(columns)])
    X = X.astype("float32").astype("float64")
    y = ((X.sum(axis=1) + X["c0"] * X["c1"] + rng.normal(size=ROWS)) > 0).astype(int).to_numpy()
    full = X.assign(c0=X["c0"].round().clip(0, 5))
    gaps = grow in (forest, histogram, xgb, light)
    model = grow(rng, X.mask(rng.random(X.shape) < 0.1) if grow is forest else X, y)
    rows, background = full.iloc[:4].copy(), full.iloc[-5:].copy()
    if gaps:
        rows.iloc[0, -1] = np.nan
    reading = choice.trees(model, rows, full.iloc[4:], None)
    matrix, other = reading.matrix(rows), reading.matrix(background)
    np.testing.assert_allclose(
        outputs(reading.ensemble, matrix), reading.output.score(rows), rtol=1e-5, atol=1e-5
    )
    plain = list(range(columns))
    for players in (plain, [min(p, 1) for p in plain]):
        count = max(players) + 1
        kernel = TreeExplainer(reading.ensemble, players, count)
        expected = shapley(lambda s, p=players: path_dependent(reading.ensemble, matrix, p, s), count)
        np.testing.assert_allclose(kernel.values(matrix), expected, atol=1e-10, rtol=0)
        drawn = InterventionalExplainer(reading.ensemble, players, count, other)

        def mixed(s, players=players):
            on = np.array(s, bool)[players]
            return np.array([outputs(reading.ensemble, np.where(on, x, other)).mean() for x in matrix])

        np.testing.assert_allclose(drawn.values(matrix), shapley(mixed, count), atol=1e-10, rtol=0)
        np.testing.assert_allclose(drawn.base, mixed((False,) * count)[0], atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_equal_brute_force(family: str):
    for seed in range(5):
        one(FAMILIES[family], seed)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_equal_brute_force_on_five_hundred(family: str):
    for seed in range(500):
        one(FAMILIES[family], 1000 + seed)


# -- axioms of the tree kernels, and interactions by their definition -----------------------------------------


def both(ensemble: Ensemble, count: int, X: np.ndarray, B: np.ndarray):
    yield TreeExplainer(ensemble, range(count), count).values(X)
    yield InterventionalExplainer(ensemble, range(count), count, B).values(X)


@given(seed=st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_axioms_of_the_tree_kernels(seed: int):
    """Efficiency, dummy, linearity in the trees, and symmetry of two columns that trees use alike."""
    rng = np.random.default_rng(seed)
    trees = tuple(random_tree(rng, 3, 4) for _ in range(3))
    X, B = random_rows(rng, 4, 5), random_rows(rng, 6, 5)
    X[:, 1], B[:, 1] = X[:, 0], B[:, 0]
    ensemble = Ensemble(trees, 0.4)
    swapped = tuple(_swapped(t) for t in trees)
    for values, again, twice in zip(
        both(ensemble, 5, X, B), both(Ensemble(swapped, 0.4), 5, X, B), both(Ensemble(trees + swapped, 0.0), 5, X, B),
        strict=True,
    ):  # fmt: skip
        assert not values[:, 3:].any()
        np.testing.assert_allclose(twice, values + again, atol=1e-11)
        np.testing.assert_allclose(twice[:, 0], twice[:, 1], atol=1e-11)
    np.testing.assert_allclose(
        outputs(ensemble, B).mean() + values.sum(axis=1), outputs(ensemble, X), atol=1e-11
    )


def _swapped(tree: Tree) -> Tree:
    """The same tree with columns 0 and 1 exchanged."""
    from dataclasses import replace

    return replace(tree, column=np.where(tree.column == 0, 1, np.where(tree.column == 1, 0, tree.column)))


@pytest.mark.parametrize("seed", range(8))
def test_interactions_are_the_shapley_interaction_index(seed: int):
    from math import factorial

    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    ensemble = Ensemble(tuple(random_tree(rng, count, 5) for _ in range(3)), 0.0)
    X = random_rows(rng, 4, count)
    found = interactions(ensemble, range(count), count, X)
    own = TreeExplainer(ensemble, range(count), count).values(X)
    np.testing.assert_allclose(found.sum(axis=2), own, atol=1e-12)
    np.testing.assert_allclose(found, found.transpose(0, 2, 1), atol=1e-12)
    game = {
        s: path_dependent(ensemble, X, list(range(count)), s)
        for s in itertools.product((False, True), repeat=count)
    }
    for i, j in itertools.combinations(range(count), 2):
        index = np.zeros(len(X))
        for s in game:
            if s[i] or s[j]:
                continue
            weight = factorial(sum(s)) * factorial(count - sum(s) - 2) / factorial(count - 1)
            added = lambda *on, s=s: game[tuple(v or k in on for k, v in enumerate(s))]  # noqa: E731
            index += weight * (added(i, j) - added(i) - added(j) + added())
        np.testing.assert_allclose(found[:, i, j], index / 2, atol=1e-10)
