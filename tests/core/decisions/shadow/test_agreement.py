"""Agreement, who was right, and worth: against a plain reckoning, row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.shadow.agreement import (
    MOST_CASES,
    Month,
    Prices,
    Said,
    cases,
    differing,
    distance,
    gain,
    gains,
    right,
    verdict,
)

rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from(["a", "b", None])),
    min_size=1,
    max_size=40,
)


def said(values, probability=None):
    return Said(np.array(values, dtype=object), probability)


@given(rows)
def test_every_row_is_reckoned_once(told):
    before, after = said([r[0] for r in told]), said([r[1] for r in told])
    truth = np.array([r[2] for r in told], dtype=object)
    apart = differing(before, after)
    known = np.array([r[2] is not None for r in told])
    champion, challenger = right(before, after, truth, apart & known)
    assert apart.sum() == sum(b != a for b, a, _t in told)
    assert champion == sum(b != a and b == t for b, a, t in told)
    assert challenger == sum(b != a and a == t for b, a, t in told)
    assert champion + challenger == (apart & known).sum()  # two classes: exactly one of them is right


@given(rows, st.integers(0, 100))
def test_worth_moves_only_where_they_decide_otherwise_and_as_the_cells_say(told, seed):
    cell = np.random.default_rng(seed).normal(size=(4, len(told)))
    prices = Prices(*cell)
    yes = [np.array([r[side] == "a" for r in told]) for side in (0, 1)]
    true = np.array([r[2] == "a" for r in told])
    found = gains(*yes, prices.of_yes(true.astype(float)))

    def worth(decision, outcome, i):
        return cell[(0 if outcome else 1) if decision else (2 if outcome else 3)][i]

    expected = [worth(yes[1][i], true[i], i) - worth(yes[0][i], true[i], i) for i in range(len(told))]
    assert found == pytest.approx(expected)
    assert (found[yes[0] == yes[1]] == 0).all()


def test_quantities_differ_beyond_the_champions_own_error():
    before, after = Said(np.array([1.0, 2.0, 3.0])), Said(np.array([1.4, 2.6, 3.0]))
    assert differing(before, after, 0.5).tolist() == [False, True, False]
    assert distance(before, after) == pytest.approx([0.4, 0.6, 0.0])
    assert right(before, after, np.array([1.0, 3.0, np.nan]), np.array([True, True, False])) == (1, 1)


def test_few_rows_have_no_interval_and_many_contain_their_mean():
    assert gain(np.zeros(29)) is None
    found = gain(np.random.default_rng(0).normal(1.0, 1.0, 500))
    assert found.low < found.mean < found.high
    assert found.low > 0


def test_the_cases_furthest_apart_are_kept():
    gap = np.linspace(0, 1, 200)
    kept = cases(np.arange(200, dtype=np.uint64), np.array(["a"] * 200, dtype=object), gap > 0.1, gap)
    assert len(kept) == MOST_CASES
    assert [one.id_hash for one in kept[:2]] == ["199", "198"]


def month(champion, challenger):
    from datetime import date

    return Month(
        date(2026, 9, 1), 100, 60, 100, 30, 0.1, champion, challenger, (1.0, -1.0), gain(np.ones(40)), ()
    )


def test_who_is_right_more_often_is_said_beyond_chance_only():
    assert verdict([month(10, 12)])[2] is None
    assert verdict([month(5, 30), month(4, 20)])[2] is True
    assert verdict([month(40, 3)])[2] is False
    assert verdict([month(0, 0)])[2] is None


def test_a_month_comes_back_as_it_was_kept():
    kept = month(3, 4)
    assert Month.from_json(kept.to_json()) == kept
    assert kept.agreement == pytest.approx(0.7)
    low, high = kept.interval
    assert low < 0.7 < high
