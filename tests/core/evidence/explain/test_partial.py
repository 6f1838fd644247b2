"""Partial dependence: against scikit-learn's own on the same rows, its grid by property, and the whole job."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.inspection import partial_dependence

from core.errors import Conflict
from core.evidence.explain import commands, partial_work, queries, sampling
from core.evidence.explain.partial import LINES, POINTS, Partial, grid, partial, varied
from core.platform.jobs.handling import run_waiting
from tests.core.evidence.explain.registered import SCIENTIST, register
from tests.core.evidence.explain.test_work import FEATURES, explain, forest, runner, table  # noqa: F401


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=80))
def test_numbers_are_asked_about_only_where_they_were_observed(numbers):
    values = pd.Series(numbers, dtype=float)
    asked = grid(values)
    assert set(asked) <= set(values.dropna())
    assert asked == sorted(set(asked))
    assert len(asked) <= POINTS


@given(st.lists(st.sampled_from([*"abcdefghijklmnopqrstuvwxyz", None]), min_size=1, max_size=200))
def test_the_most_frequent_categories_are_asked_about(words):
    values = pd.Series(words, dtype="string")
    asked = grid(values)
    counts = values.dropna().value_counts()
    assert len(asked) == min(POINTS, len(counts))
    assert all(counts[one] >= counts.drop(asked).max() for one in asked if len(counts) > len(asked))


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 10))
def test_the_mean_lies_in_its_interval_and_few_rows_are_kept(points, rows, seed):
    said = np.random.default_rng(seed).random((points, rows))
    found = partial("x", list(range(points)), said, numeric=True)
    assert np.allclose(found.mean, said.mean(axis=1))
    assert len(found.lines) == min(LINES, rows)
    assert all(len(line) == points for line in found.lines)
    if rows > 1:
        assert all(lo <= m <= hi for lo, m, hi in zip(found.low, found.mean, found.high, strict=True))
    assert Partial.from_json(found.to_json()) == found or rows == 1


def test_one_feature_alone_is_varied_and_keeps_its_type():
    rows = pd.DataFrame({"a": pd.Series([1, 2], dtype="int64"), "b": pd.Series(["x", "y"], dtype="string")})
    found = varied(rows, "b", ["x", "z"])
    assert found["b"].tolist() == ["x", "x", "z", "z"]
    assert found["a"].tolist() == [1, 2, 1, 2]
    assert found.dtypes.equals(rows.dtypes)


def test_the_job_equals_scikit_learn_on_the_same_rows(store, runner, table, forest):  # noqa: F811
    version = register(store, forest, table, features=FEATURES)
    with pytest.raises(Conflict), store.unit_of_work(SCIENTIST) as uow:
        commands.request_partial(uow, version.id)
    explain(store, version, runner)
    with store.unit_of_work(SCIENTIST) as uow:
        first = commands.request_partial(uow, version.id)
        assert commands.request_partial(uow, version.id) == first
    run_waiting(store, {queries.PARTIAL_KIND: lambda context: partial_work.work_out(context, runner)})
    with store.reading() as view:
        found = queries.partials(view, queries.explanation(view, version.id))
    assert set(found) == set(FEATURES)
    kept = sampling.background(len(table), most=partial_work.ROWS, seed=3)
    rows = table[FEATURES].iloc[kept].reset_index(drop=True)
    for name in ("income", "months"):
        asked = np.asarray(found[name].grid)
        oracle = partial_dependence(
            forest, rows, [name], custom_values={name: asked}, kind="average", method="brute"
        )
        assert np.allclose(found[name].mean, oracle["average"][0], atol=1e-12)
    assert found["purpose"].rows == len(rows)
    assert not found["purpose"].numeric
