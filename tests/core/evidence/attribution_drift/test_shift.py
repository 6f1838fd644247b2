"""Which features moved: what chance moves is not marked, what moved is."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.evidence.attribution_drift.shift import Month, shifts


def sample(seed, n, scale):
    return np.random.default_rng(seed).normal(size=(n, len(scale))) * np.asarray(scale)


def test_each_figure_is_that_of_scipy_and_the_order_is_by_size():
    before, after = sample(1, 400, [1, 2, 3]), sample(2, 300, [1, 3, 3.2])
    found = shifts(before, after, ["a", "b", "c"])
    assert next(s.feature for s in found) == "b"
    p = {}
    for j, name in enumerate("abc"):
        left, right = np.abs(before[:, j]), np.abs(after[:, j])
        one = next(s for s in found if s.feature == name)
        assert np.isclose(one.before, left.mean())
        assert np.isclose(one.after, right.mean())
        z = (right.mean() - left.mean()) / np.hypot(stats.sem(left), stats.sem(right))
        p[name] = 2 * stats.norm.sf(abs(z))
        half = stats.norm.ppf(0.975) * np.hypot(stats.sem(left), stats.sem(right))
        assert np.isclose(one.high - one.low, 2 * half)
        assert np.isclose(one.part, (right.mean() - left.mean()) / np.abs(before).mean(axis=0).sum())
    expected = dict(zip(p, stats.false_discovery_control(list(p.values())), strict=True))
    assert all(np.isclose(s.q, expected[s.feature]) for s in found)


def test_chance_is_seldom_marked_and_a_halved_influence_always_is():
    false = moved = 0
    for seed in range(200):
        before = sample(seed, 1000, [1, 1, 1, 1])
        false += any(s.moved for s in shifts(before, sample(seed + 10_000, 500, [1, 1, 1, 1]), list("abcd")))
        found = shifts(before, sample(seed + 20_000, 500, [0.5, 1, 1, 1]), list("abcd"))
        moved += found[0].feature == "a" and found[0].moved and found[0].part < 0
    assert false <= 200 * 0.08
    assert moved == 200


@settings(max_examples=50)
@given(st.integers(0, 1000), st.integers(2, 40), st.integers(1, 5))
def test_a_month_survives_being_stored(seed, rows, features):
    import datetime as dt

    names = [f"f{i}" for i in range(features)]
    found = shifts(sample(seed, rows, [1] * features), sample(seed + 1, rows, [2] * features), names)
    month = Month(dt.date(2026, 3, 1), rows * 2, rows, found)
    assert Month.from_json(month.to_json()) == month


def test_a_feature_that_does_nothing_before_and_after_did_not_move():
    zero = np.zeros((30, 2))
    assert not any(s.moved for s in shifts(zero, zero, ["a", "b"]))
    assert next(s for s in shifts(zero, zero + 1, ["a", "b"])).q == 0.0
