"""Intervals cover what they promise: by simulation against truths that are known."""

import math

import numpy as np
import pyarrow as pa
import pytest

from core.evidence.kpis import evaluating
from core.evidence.kpis.formula_plan import Totals, plan
from core.evidence.kpis.formula_reading import read_formula
from core.evidence.kpis.intervals import Method, clopper_pearson, from_rows, from_totals

SCHEMA = pa.schema([("a", pa.float64()), ("b", pa.float64()), ("p", pa.bool_())])
COLUMNS = evaluating.columns_of(SCHEMA)


def planned(text):
    return plan(read_formula(text, COLUMNS))


def test_clopper_pearson_is_the_known_one():
    low, high = clopper_pearson(7, 50)
    assert (low, high) == (pytest.approx(0.0581917, abs=1e-6), pytest.approx(0.2673960, abs=1e-6))
    assert clopper_pearson(0, 10) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert clopper_pearson(10, 10)[1] == 1.0


def coverage_exact(runs, n=200):
    random = np.random.default_rng(1)
    worst = 1.0
    for share in (0.02, 0.1, 0.5, 0.93):
        hits = random.binomial(n, share, runs)
        known = {int(k): clopper_pearson(int(k), n) for k in np.unique(hits)}
        worst = min(worst, float(np.mean([known[int(k)][0] <= share <= known[int(k)][1] for k in hits])))
    return worst


def coverage_delta(runs, n=200):
    """A ratio of sums of correlated amounts, E[a] / E[b] = 2."""
    random = np.random.default_rng(2)
    read = planned("sum(a) / sum(b)")
    held = 0
    for _ in range(runs):
        b = random.gamma(4.0, 1.0, n)
        a = 2 * b * random.lognormal(-0.02, 0.2, n)
        terms = np.stack(
            [{"a": a, "b": b}[t.node.value] if t.part == "value" else np.ones(n) for t in read.terms]
        )
        found = from_totals(read, Totals(n, terms.sum(1), terms @ terms.T))
        assert found.method == Method.DELTA
        held += found.low <= 2.0 <= found.high
    return held / runs


def coverage_bootstrap(runs, n=200):
    """The ratio of a median to a mean: log-normal over exponential, 1 / 2."""
    random = np.random.default_rng(3)
    read = planned("median(a) / avg(b)")
    held = 0
    for run in range(runs):
        rows = [random.lognormal(0.0, 0.4, n), random.exponential(2.0, n)]
        found = from_rows(read, float(np.median(rows[0]) / rows[1].mean()), rows, n, seed=run)
        assert found.method == Method.BOOTSTRAP
        held += found.low <= 0.5 <= found.high
    return held / runs


def test_coverage_in_small():
    assert coverage_exact(400) >= 0.93  # 400 runs tell ±2 % at most
    assert 0.90 <= coverage_delta(200) <= 0.99
    assert 0.86 <= coverage_bootstrap(25) <= 1.0


@pytest.mark.long
def test_coverage_in_full():
    assert coverage_exact(20_000) >= 0.95
    assert 0.93 <= coverage_delta(5_000) <= 0.97
    assert 0.93 <= coverage_bootstrap(1_000) <= 0.97


def test_the_median_has_exact_bounds_and_extremes_have_none():
    random = np.random.default_rng(5)
    read = planned("median(a)")
    held = 0
    for _ in range(400):
        values = random.exponential(1.0, 60)
        found = from_rows(read, float(np.median(values)), [values], 60)
        assert found.method == Method.ORDER
        held += found.low <= math.log(2) <= found.high
    assert held / 400 >= 0.94
    for text in ("max(a)", "count(distinct a) / count(*)"):
        table = pa.table({"a": [1.0, 2.0], "b": [1.0, 1.0], "p": [True, False]}, SCHEMA)
        assert evaluating.evaluate(table, planned(text)).method == Method.NONE


def test_proportions_written_in_three_ways_are_exact():
    table = pa.table({"a": [1.0] * 20, "b": [1.0] * 20, "p": [True] * 3 + [False] * 16 + [None]}, SCHEMA)
    shared = [
        evaluating.evaluate(table, planned(t))
        for t in ("share(p)", "avg(case when p then 1 when not p then 0 end)")
    ]
    assert [(e.method, e.n) for e in shared] == [(Method.EXACT, 19)] * 2
    of_all = evaluating.evaluate(table, planned("count_if(p) / count(*)"))
    assert (of_all.value, of_all.n, of_all.method) == (3 / 20, 20, Method.EXACT)
    assert (of_all.low, of_all.high) == clopper_pearson(3, 20)


def test_no_rows_and_division_by_zero_are_no_value():
    empty = pa.table({"a": [], "b": [], "p": []}, SCHEMA)
    for text in ("sum(a)", "share(p)", "sum(a) / count(*)", "median(a)"):
        found = evaluating.evaluate(empty, planned(text))
        assert (found.value, found.low, found.n, found.method) == (None, None, 0, Method.NONE)
    zero = pa.table({"a": [1.0], "b": [0.0], "p": [None]}, SCHEMA)
    assert evaluating.evaluate(zero, planned("sum(a) / sum(b)")).value is None
