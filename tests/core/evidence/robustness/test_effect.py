"""Shakes and their effects: what may change and what not, intervals by simulation, oracles from scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score, roc_auc_score

from core.evidence.robustness import effect, shaking
from core.evidence.robustness.shaking import Kind, Shake


def table(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(8, 0.5, rows),
            "children": rng.integers(0, 5, rows),
            "purpose": rng.choice(["car", "home", "study"], rows),
            "owner": rng.random(rows) < 0.5,
            "same": np.ones(rows),
        }
    )
    frame.loc[:9, "income"] = np.nan
    return frame


@given(st.sampled_from(list(Kind)), st.floats(0.01, 0.3), st.integers(0, 99))
@settings(max_examples=30)
def test_a_shake_keeps_columns_rows_and_what_it_does_not_touch(kind, level, seed):
    clean = table()
    found = shaking.shaken(clean, Shake(kind, level, True), seed=seed)
    assert list(found.columns) == list(clean.columns)
    assert len(found) == len(clean)
    again = shaking.shaken(clean, Shake(kind, level, True), seed=seed)
    pd.testing.assert_frame_equal(found, again)
    numbers = found["income"].dropna()
    span = clean["income"].max() - clean["income"].min()
    assert numbers.max() <= clean["income"].max() + span + 1e-6
    assert numbers.min() >= 0
    if kind is Kind.NOISE:
        pd.testing.assert_series_equal(found["purpose"], clean["purpose"])
        assert numbers.between(clean["income"].min() - 1e-9, clean["income"].max() + 1e-9).all()
        assert found["children"].dtype == clean["children"].dtype
    if kind is Kind.SWAP:
        assert set(found["purpose"]) <= set(clean["purpose"])
        pd.testing.assert_series_equal(found["income"], clean["income"])
    if kind is not Kind.MISSING:
        assert found["income"].isna().sum() == 10


def test_about_the_stated_share_of_cells_is_hit():
    clean = table(5000)
    swapped = shaking.shaken(clean, Shake(Kind.SWAP, 0.2, True))
    assert abs((swapped["purpose"] != clean["purpose"]).mean() - 0.2) < 0.02
    emptied = shaking.shaken(clean, Shake(Kind.MISSING, 0.05, True))
    assert abs(emptied["children"].isna().mean() - 0.05) < 0.01


def test_nothing_to_shake_is_none():
    assert shaking.shaken(pd.DataFrame({"a": [1.0, 2.0]}), Shake(Kind.SWAP, 0.1, True)) is None
    assert shaking.shaken(pd.DataFrame({"a": ["x", "y"]}), Shake(Kind.NOISE, 0.1, True)) is None


def test_values_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    event = rng.random(500) < 0.4
    clean = event + rng.normal(0, 1, 500)
    shaken = clean + rng.normal(0, 0.7, 500)
    level, drop = effect.auc_drop(event, clean, shaken)
    assert level == pytest.approx(roc_auc_score(event, clean), abs=1e-12)
    assert drop.value == pytest.approx(level - roc_auc_score(event, shaken), abs=1e-12)
    truth = rng.normal(0, 2, 300)
    a, b = truth + rng.normal(0, 1, 300), truth + rng.normal(0, 1.4, 300)
    level, drop = effect.r2_drop(truth, a, b)
    assert level == pytest.approx(r2_score(truth, a), abs=1e-12)
    assert drop.value == pytest.approx(r2_score(truth, a) - r2_score(truth, b), abs=1e-12)


def test_no_change_is_a_drop_of_nothing():
    event = np.arange(60) % 2 == 0
    score = np.linspace(0, 1, 60)
    _level, drop = effect.auc_drop(event, score, score)
    assert (drop.value, drop.low, drop.high) == (0, 0, 0)
    assert effect.auc_drop(np.ones(9, bool), score[:9], score[:9]) is None
    assert effect.changed(np.zeros(100, bool)).low == 0


def test_the_interval_of_the_drop_holds_the_truth_about_as_often_as_it_says():
    """A large sample gives the true drop; 300 small ones are held against it."""
    rng = np.random.default_rng(1)

    def sample(n):
        event = rng.random(n) < 0.4
        clean = event * 1.0 + rng.normal(0, 1, n)
        return event, clean, clean + rng.normal(0, 0.8, n)

    event, clean, shaken = sample(400_000)
    real = roc_auc_score(event, clean) - roc_auc_score(event, shaken)
    held = 0
    for _turn in range(300):
        _level, drop = effect.auc_drop(*sample(300))
        held += drop.low <= real <= drop.high
    assert 0.95 - 0.04 <= held / 300 <= 0.95 + 0.04
