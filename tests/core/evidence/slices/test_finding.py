"""The tree finds what was planted, says it in words, and finds nothing where errors are spread evenly."""

import json

import numpy as np
import pandas as pd
import pytest

from core.evidence.slices import finding, words
from core.i18n import use


def table(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.uniform(0, 100, rows),
            "purpose": rng.choice(["car", "home", "study"], rows),
            "noise": rng.normal(0, 1, rows),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "income"] = np.nan
    return frame


def holds(frame: pd.DataFrame, one) -> np.ndarray:
    """Apply a rule by hand."""
    kept = np.ones(len(frame), bool)
    for c in one.conditions:
        column = frame[c.feature]
        if c.relation == "at_most":
            inside = (column <= c.value) | (column.isna() & c.or_missing)
        elif c.relation == "above":
            inside = column > c.value
        else:
            inside = (column == c.value) if c.relation == "is" else (column != c.value)
        kept &= inside.to_numpy(bool)
    return kept


def test_what_was_planted_is_found_and_measured_on_other_rows():
    frame = table()
    planted = (frame["purpose"] == "car") & (frame["income"] > 60)
    error = (np.random.default_rng(1).random(len(frame)) < np.where(planted, 0.6, 0.1)).astype(float)
    found = finding.find(frame, error, kind="wrong")
    worst = found.slices[0]
    assert {(c.feature, c.relation) for c in worst.conditions} >= {("purpose", "is"), ("income", "above")}
    assert worst.low < 0.6 < worst.high
    assert worst.remains
    assert worst.times > 2.5
    assert found.rows == len(frame) // 2
    assert abs(sum(s.n for s in found.slices) - found.rows) < 30 * 8
    inside = holds(frame, worst)
    assert error[inside].mean() == pytest.approx(0.6, abs=0.1)


def test_rules_and_rows_agree_empty_cells_too():
    """The leaves cover every row once: rules in words are the tree itself."""
    frame = table(3000, seed=3)
    error = (np.random.default_rng(2).random(3000) < np.where(frame["income"].isna() | (frame["income"] < 20), 0.5, 0.1)).astype(float)  # fmt: skip
    found = finding.find(frame, error, kind="wrong")
    covered = np.sum([holds(frame, s) for s in found.slices], axis=0)
    assert (covered <= 1).all()
    assert covered.mean() > 0.95
    assert any(c.or_missing for s in found.slices for c in s.conditions)


def test_errors_spread_evenly_leave_nothing_after_the_correction():
    remaining = 0
    for seed in range(20):
        frame = table(1500, seed=seed)
        error = (np.random.default_rng([seed, 1]).random(1500) < 0.2).astype(float)
        found = finding.find(frame, error, kind="wrong")
        remaining += any(s.remains for s in found.slices)
    assert remaining <= 4


def test_distances_are_means_in_their_unit():
    frame = table()
    error = np.abs(np.random.default_rng(1).normal(0, np.where(frame["purpose"] == "home", 5.0, 1.0)))
    found = finding.find(frame, error, kind="absolute")
    worst = found.slices[0]
    assert worst.conditions[0].value == "home"
    assert worst.low < 5 * np.sqrt(2 / np.pi) < worst.high
    assert finding.from_json(json.loads(json.dumps(finding.to_json(found)))) == found


def test_too_few_rows_are_no_analysis():
    assert finding.find(table(200), np.zeros(200), kind="wrong") is None


def test_words_in_both_languages():
    frame = table()
    error = (
        np.random.default_rng(1).random(len(frame)) < np.where(frame["purpose"] == "car", 0.6, 0.1)
    ).astype(float)
    found = finding.find(frame, error, kind="wrong")
    use("en")
    assert "purpose is car" in words.sentence(found, found.slices[0])
    use("pt_BR")
    try:
        assert "purpose é car" in words.sentence(found, found.slices[0])
        assert "das decisões estão erradas" in words.sentence(found, found.slices[0])
    finally:
        use("en")
