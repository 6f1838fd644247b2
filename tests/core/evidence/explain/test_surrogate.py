"""The model in a few rules: against scikit-learn's tree, and by property on what the rules claim."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from core.evidence.explain.surrogate import Condition, Rule, surrogate


def holds(one: Condition, values: pd.Series) -> np.ndarray:
    """Judge a condition row by row, independently of how the tree was grown."""
    if one.among:
        return values.astype("string").fillna("").isin(one.among).to_numpy()
    found = np.ones(len(values), dtype=bool)
    if one.above is not None:
        found &= (values > one.above).to_numpy()
    if one.most is not None:
        found &= (values <= one.most).to_numpy()
    return found | (values.isna().to_numpy() & one.missing)


def reached(rule: Rule, inputs: pd.DataFrame) -> np.ndarray:
    return np.logical_and.reduce(
        [np.ones(len(inputs), dtype=bool), *(holds(c, inputs[c.feature]) for c in rule.conditions)]
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 400), st.floats(0, 0.3))
def test_every_row_falls_under_exactly_one_rule_and_the_shares_are_theirs(seed, rows, blank):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows).round(1)
    x[rng.random(rows) < blank] = np.nan
    inputs = pd.DataFrame({"x": x, "n": rng.integers(0, 5, rows), "w": rng.choice(["a", "b", "c"], rows)})
    scores = pd.Series(np.nan_to_num(x) + (inputs["w"] == "b") * 2 + rng.normal(0, 0.1, rows))
    found = surrogate(inputs, scores)
    under = np.array([reached(rule, inputs) for rule in found.rules])
    assert (under.sum(axis=0) == 1).all()
    assert [rule.share for rule in found.rules] == pytest.approx(under.mean(axis=1))
    assert [rule.mean for rule in found.rules] == sorted((r.mean for r in found.rules), reverse=True)
    assert len(found.rules) <= 8


def test_it_tells_as_much_as_scikit_learns_tree():
    rng = np.random.default_rng(0)
    inputs = pd.DataFrame(rng.normal(size=(6000, 4)), columns=list("abcd"))
    scores = pd.Series(np.where(inputs["a"] > 0.3, 2.0, 0.0) + np.where(inputs["b"] > 0, inputs["c"], 0))
    found = surrogate(inputs, scores)
    aside = np.arange(6000) % 3 == 2
    peer = DecisionTreeRegressor(max_depth=3, min_samples_leaf=80).fit(inputs[~aside], scores[~aside])
    assert found.fidelity == pytest.approx(peer.score(inputs[aside], scores[aside]), abs=0.02)


def test_categories_and_missing_values_are_told_in_words():
    rng = np.random.default_rng(1)
    word = rng.choice(["red", "green", "blue"], 900)
    inputs = pd.DataFrame({"colour": word, "x": np.where(rng.random(900) < 0.3, np.nan, 1.0)})
    scores = pd.Series(np.where(word == "red", 5.0, 1.0) + np.isnan(inputs["x"]) * 0.0)
    found = surrogate(inputs, scores)
    assert found.fidelity == pytest.approx(1)
    high, low = found.rules
    assert high.conditions[0].text() == "colour is red"
    assert low.conditions[0].text() == "colour is blue, green"
    assert high.mean == pytest.approx(5)


def test_scores_that_do_not_vary_are_one_rule():
    found = surrogate(pd.DataFrame({"x": range(100)}), pd.Series([0.5] * 100))
    assert found.rules == (Rule((), 0.5, 1.0),)
    assert np.isnan(found.fidelity)
