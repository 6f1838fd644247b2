"""Shapley values against brute force over every coalition, and against the axioms that define them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence.explain.shapley import agnostic, linear
from core.evidence.explain.shapley.quadrature import TreeExplainer
from core.evidence.explain.shapley.trees import Ensemble, Tree

# -- oracle: the definition, with no cleverness ---------------------------------------------------------------


def shapley(value, players: int) -> np.ndarray:
    """φ by the definition; `value(coalition) -> (rows,)`."""
    table = {s: value(s) for s in itertools.product((False, True), repeat=players)}
    out = np.zeros((len(next(iter(table.values()))), players))
    for i in range(players):
        for s, v in table.items():
            if s[i]:
                continue
            weight = math.factorial(sum(s)) * math.factorial(players - sum(s) - 1) / math.factorial(players)
            out[:, i] += weight * (table[(*s[:i], True, *s[i + 1 :])] - v)
    return out


def goes_left(tree: Tree, node: int, x: float) -> bool:
    if math.isnan(x):
        return bool(tree.missing_left[node])
    if tree.category_set[node] >= 0:
        if not 0 <= x < 256:
            return bool(tree.missing_left[node])
        word = tree.category_sets[tree.category_set[node], int(x) // 32]
        return bool((int(word) >> (int(x) % 32)) & 1)
    return x <= tree.threshold[node]


def path_dependent(
    ensemble: Ensemble, X: np.ndarray, players: list[int], coalition: tuple[bool, ...]
) -> np.ndarray:
    def walk(tree: Tree, node: int, row: np.ndarray) -> float:
        if tree.left[node] < 0:
            return float(tree.value[node])
        left, right = int(tree.left[node]), int(tree.right[node])
        if coalition[players[tree.column[node]]]:
            return walk(tree, left if goes_left(tree, node, row[tree.column[node]]) else right, row)
        cover = tree.cover[node]
        share = tree.cover[left] / cover if cover > 0 else 0.5
        other = tree.cover[right] / cover if cover > 0 else 0.5
        return share * walk(tree, left, row) + other * walk(tree, right, row)

    return np.array([ensemble.constant + sum(walk(t, 0, row) for t in ensemble.trees) for row in X])


def random_tree(rng: np.random.Generator, columns: int, depth: int) -> Tree:
    """Repeated columns, ties, categorical splits and nodes that no training row reached, all on purpose."""
    left, right, column, threshold, value, cover, missing, sets_of = [], [], [], [], [], [], [], []
    sets: list[np.ndarray] = []

    def grow(level: int, weight: float) -> int:
        node = len(left)
        for array in (left, right, column, threshold, value, cover, missing, sets_of):
            array.append(0)
        left[node] = right[node] = -1
        threshold[node], value[node], cover[node] = 0.0, float(rng.normal()), weight
        missing[node], sets_of[node] = bool(rng.random() < 0.5), -1
        if level < depth and rng.random() < 0.85:
            column[node] = int(rng.integers(columns))
            threshold[node] = float(rng.integers(-2, 3))
            if rng.random() < 0.3:
                sets_of[node] = len(sets)
                sets.append(rng.integers(0, 2**32, 8, dtype=np.uint32))
            share = float(rng.choice([0.0, 0.25, 0.5, 0.9]))
            left[node] = grow(level + 1, weight * share)
            right[node] = grow(level + 1, weight * (1 - share))
        return node

    grow(0, 16.0)
    return Tree(
        left=np.array(left), right=np.array(right), column=np.array(column), threshold=np.array(threshold),
        missing_left=np.array(missing), value=np.array(value), cover=np.array(cover),
        category_set=np.array(sets_of), category_sets=np.array(sets, np.uint32).reshape(-1, 8),
    )  # fmt: skip


def random_rows(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    X = rng.integers(-3, 4, (rows, columns)).astype(float)
    X[rng.random(X.shape) < 0.15] = np.nan
    X[rng.random(X.shape) < 0.05] = 300.0  # outside the categories
    return X


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("grouped", [False, True])
def test_tree_kernel_equals_brute_force(seed: int, grouped: bool):
    rng = np.random.default_rng(seed)
    columns = int(rng.integers(1, 7))
    players = sorted(int(rng.integers(3)) for _ in range(columns)) if grouped else list(range(columns))
    count = max(players) + 1
    ensemble = Ensemble(tuple(random_tree(rng, columns, int(rng.integers(0, 7))) for _ in range(3)), 0.7)
    X = random_rows(rng, 5, columns)
    explainer = TreeExplainer(ensemble, players, count)

    expected = shapley(lambda s: path_dependent(ensemble, X, players, s), count)

    np.testing.assert_allclose(explainer.values(X), expected, atol=1e-12)
    empty = path_dependent(ensemble, X[:1], players, (False,) * count)[0]
    assert explainer.base == pytest.approx(empty, abs=1e-12)


def test_tree_kernel_blocks_of_rows_agree():
    """A block boundary inside the table changes nothing."""
    rng = np.random.default_rng(5)
    ensemble = Ensemble(tuple(random_tree(rng, 4, 5) for _ in range(4)), 0.0)
    explainer = TreeExplainer(ensemble, range(4), 4)
    X = random_rows(rng, 71, 4)
    single = np.concatenate([explainer.values(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(explainer.values(X), single, atol=1e-13)


def test_many_players_on_one_path_stay_exact():
    """A degenerate tree 24 deep: the highest quadrature order a forest meets; efficiency must still hold."""
    depth = 24
    nodes = 2 * depth + 1
    left = np.full(nodes, -1)
    right = np.full(nodes, -1)
    column = np.zeros(nodes, int)
    cover = np.zeros(nodes)
    cover[0] = 1e6
    for level in range(depth):
        node = 2 * level
        left[node], right[node], column[node] = node + 1, node + 2, level
        cover[node + 1], cover[node + 2] = cover[node] * 0.4, cover[node] * 0.6
    value = np.random.default_rng(0).normal(size=nodes)
    tree = Tree(
        left=left, right=right, column=column, threshold=np.zeros(nodes), missing_left=np.zeros(nodes, bool),
        value=value, cover=cover, category_set=np.full(nodes, -1), category_sets=np.zeros((0, 8), np.uint32),
    )  # fmt: skip
    X = np.random.default_rng(1).choice([-1.0, 1.0], (8, depth))
    explainer = TreeExplainer(Ensemble((tree,), 0.0), range(depth), depth)
    full = path_dependent(Ensemble((tree,), 0.0), X, list(range(depth)), (True,) * depth)
    np.testing.assert_allclose(explainer.values(X).sum(axis=1) + explainer.base, full, atol=1e-12)


# -- model-agnostic -------------------------------------------------------------------------------------------


def polynomial(frame: pd.DataFrame) -> np.ndarray:
    z = frame.to_numpy(float)
    return z[:, 0] * z[:, 1] + np.sin(z[:, -1]) + z.sum(axis=1)


def interventional(
    score, rows: pd.DataFrame, background: pd.DataFrame, coalition: tuple[bool, ...]
) -> np.ndarray:
    out = []
    for _, row in rows.iterrows():
        mixed = background.copy()
        for j, on in enumerate(coalition):
            if on:
                mixed.isetitem(j, np.full(len(mixed), row.iloc[j]))
        out.append(score(mixed).mean())
    return np.array(out)


def frames(seed: int, players: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"f{j}" for j in range(players)]
    return (
        pd.DataFrame(rng.normal(size=(3, players)), columns=names),
        pd.DataFrame(rng.normal(size=(7, players)), columns=names),
    )


@given(seed=st.integers(0, 10_000), players=st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_enumeration_is_the_definition(seed: int, players: int):
    rows, background = frames(seed, players)
    found = agnostic.attribute(polynomial, rows, background, agnostic.enumeration(players))
    expected = shapley(lambda s: interventional(polynomial, rows, background, s), players)
    np.testing.assert_allclose(found.values, expected, atol=1e-10)
    assert not found.errors.any()


@given(seed=st.integers(0, 10_000), players=st.integers(2, 6), pairs=st.integers(2, 6), exact=st.booleans())
@settings(max_examples=40, deadline=None)
def test_efficiency_and_dummy(seed: int, players: int, pairs: int, exact: bool):
    """Values add up to the score; a column the score ignores gets nothing: in every draw, not only on average."""
    rows, background = frames(seed, players + 1)
    game = agnostic.enumeration(players + 1) if exact else agnostic.permutations(players + 1, pairs, seed)
    ignored = lambda frame: polynomial(frame.iloc[:, :players])  # noqa: E731
    found = agnostic.attribute(ignored, rows, background, game)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), ignored(rows), atol=1e-10)
    np.testing.assert_allclose(found.values[:, players], 0, atol=1e-12)


@given(seed=st.integers(0, 10_000), a=st.floats(-3, 3), b=st.floats(-3, 3))
@settings(max_examples=25, deadline=None)
def test_linearity_in_the_score(seed: int, a: float, b: float):
    rows, background = frames(seed, 4)
    game = agnostic.permutations(4, 3, seed)
    other = lambda frame: np.tanh(frame.to_numpy(float).prod(axis=1))  # noqa: E731
    both = agnostic.attribute(lambda f: a * polynomial(f) + b * other(f), rows, background, game)
    one, two = (agnostic.attribute(s, rows, background, game) for s in (polynomial, other))
    np.testing.assert_allclose(both.values, a * one.values + b * two.values, atol=1e-10)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_symmetry(seed: int):
    """Columns that the score uses alike and that hold alike values get alike values."""
    rows, background = frames(seed, 3)
    rows["f1"], background["f1"] = rows["f0"], background["f0"]
    score = lambda f: f["f0"].to_numpy() * f["f1"].to_numpy() + f["f2"].to_numpy() ** 2  # noqa: E731
    found = agnostic.attribute(score, rows, background, agnostic.enumeration(3))
    np.testing.assert_allclose(found.values[:, 0], found.values[:, 1], atol=1e-12)


def test_permutations_approach_enumeration_within_their_stated_error():
    rows, background = frames(3, 6)
    exact = agnostic.attribute(polynomial, rows, background, agnostic.enumeration(6))
    drawn = agnostic.attribute(polynomial, rows, background, agnostic.permutations(6, 200, 1))
    assert drawn.errors.max() > 0
    gap = np.abs(drawn.values - exact.values)
    assert (gap <= 5 * drawn.errors + 1e-12).all()
    assert gap.max() < 0.1


def test_mixed_frames_keep_their_types():
    rows = pd.DataFrame({"a": [1.5], "c": pd.Categorical(["x"], categories=["x", "y"]), "s": ["p"]})
    background = pd.DataFrame({"a": [0.5], "c": pd.Categorical(["y"], categories=["x", "y"]), "s": ["q"]})
    mixed = agnostic.mixed(rows, background, np.array([[False] * 3, [True, False, True]]))
    assert mixed["a"].tolist() == [0.5, 1.5]
    assert mixed["c"].dtype == rows["c"].dtype
    assert mixed["c"].tolist() == ["y", "y"]
    assert mixed["s"].tolist() == ["q", "p"]


# -- closed form ----------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_linear_closed_form_is_the_definition(seed: int):
    rows, background = frames(seed, 4)
    rng = np.random.default_rng(seed)
    weights = linear.Weights(rng.normal(size=4), 0.3)
    score = lambda f: f.to_numpy(float) @ weights.coefficients + weights.intercept  # noqa: E731
    values, base = linear.attribute(rows.to_numpy(), background.to_numpy(), weights, np.arange(4), 4)
    np.testing.assert_allclose(
        values, shapley(lambda s: interventional(score, rows, background, s), 4), atol=1e-10
    )
    assert base == pytest.approx(score(background).mean())
