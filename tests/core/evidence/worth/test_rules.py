"""Thresholds, break-even and the four parts of a gap: pure rules against plain loops."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.evidence.kpis.formula import Column, Kind
from core.evidence.worth.matrix import Cell, CostMatrix, MatrixState, read_cells
from core.evidence.worth.promise import Promise, expected, gap, money, promised
from core.evidence.worth.threshold import BANDS, Band, Rows, at, band_of, bands, explore, split

COLUMNS = (
    Column("amount", Kind.NUMBER),
    Column("label", Kind.TEXT, outcome=True),
    Column("paid", Kind.NUMBER, (("EUR", 1),)),
)


def matrix(tp="-5", fp="-40", tn="31", fn="-450"):
    cells = dict(zip(Cell, (tp, fp, tn, fn), strict=True))
    return CostMatrix(
        "c", "u", 1, "BRL", cells, (), MatrixState.SIGNED, "a", datetime(2026, 1, 1, tzinfo=UTC), "", None, ""
    )


def rows(n=400, seed=0):
    random = np.random.default_rng(seed)
    probability = random.random(n)
    positive = random.random(n) < probability
    return Rows(probability, positive, np.where(positive, -5.0, -40.0), np.where(positive, -450.0, 31.0))


def test_break_even_is_where_both_decisions_are_worth_the_same():
    p = matrix().break_even()
    yes = p * Decimal(-5) + (1 - p) * Decimal(-40)
    no = p * Decimal(-450) + (1 - p) * Decimal(31)
    assert abs(yes - no) < Decimal("1e-20")
    assert matrix(tn="0.09 * amount").break_even() is None
    assert matrix(tp="-900").break_even() is None, "saying yes is never worth more"


def test_a_point_is_what_a_loop_counts():
    some = rows()
    found = at(some, 0.3)
    worth, counts = [], dict.fromkeys(("tp", "fp", "tn", "fn"), 0)
    for p, y, yes, no in zip(some.probability, some.positive, some.worth_yes, some.worth_no, strict=True):
        said = p >= 0.3
        worth.append(yes if said else no)
        counts[("t" if said == y else "f") + ("p" if said else "n")] += 1
    assert found.mean == pytest.approx(np.mean(worth))
    assert found.high - found.mean == pytest.approx(1.959964 * np.std(worth, ddof=1) / 20, rel=1e-6)
    assert (
        found.true_positives,
        found.false_positives,
        found.true_negatives,
        found.false_negatives,
    ) == tuple(counts.values())


def test_the_best_threshold_lies_by_the_break_even_of_a_calibrated_model():
    found = explore(rows(20_000, seed=3))
    assert found.best.threshold == pytest.approx(float(matrix().break_even()), abs=0.06)
    low, high = found.beats_no_model()
    assert low <= found.best.threshold <= high


def test_the_split_is_half_and_fixed_by_its_seed():
    one = split(1001, "a")
    assert one.sum() == 500
    assert (one == split(1001, "a")).all()
    assert (one != split(1001, "b")).any()


def promise(held, monthly=300):
    value, low, high = expected(held, 50.0, 400, monthly)
    return Promise(
        "r",
        "v",
        "u",
        "BRL",
        0.3,
        monthly,
        value,
        low,
        high,
        tuple(held),
        "c",
        datetime(2026, 1, 1, tzinfo=UTC),
    )


@given(seed=st.integers(0, 10_000), n=st.integers(0, 80), waiting=st.integers(0, 50))
def test_the_four_parts_are_the_gap_to_the_cent(seed, n, waiting):
    base = rows(seed=1)
    held = promise(bands(base, 0.3))
    assert held.low < held.value < held.high
    some = rows(max(n, 1), seed).part(np.arange(max(n, 1)) < n)
    _, worth = some.decided(0.3)
    place = band_of(some.probability)
    sums = np.bincount(place, worth, BANDS)
    shares = np.bincount(place, minlength=BANDS) / n if n else np.array([b.share for b in held.bands])
    found = gap(held, n + waiting, n, shares.tolist(), sums.tolist())
    assert found.whole == money(float(sums.sum())) - held.value
    half = gap(held, n + waiting, n, shares.tolist(), sums.tolist(), 0.5)
    assert half.whole == money(float(sums.sum())) - promised(held, 0.5)
    assert all(
        one == one.quantize(Decimal("0.01"))
        for one in (found.waiting, found.volume, found.mix, found.quality)
    )


def test_each_part_stands_alone_when_only_it_moves():
    held = promise([Band(0.5, 10.0), Band(0.5, -2.0), *[Band(0.0, 0.0)] * 8], monthly=100)
    empty = [0.0] * 8
    assert held.value == Decimal("400.00")
    same = gap(held, 100, 100, [0.5, 0.5, *empty], [500.0, -100.0, *empty])
    assert (same.volume, same.mix, same.quality, same.waiting) == (0, 0, 0, 0)
    less = gap(held, 50, 50, [0.5, 0.5, *empty], [250.0, -50.0, *empty])
    assert (less.volume, less.mix, less.quality) == (Decimal("-200.00"), 0, 0)
    mixed = gap(held, 100, 100, [0.25, 0.75, *empty], [250.0, -150.0, *empty])
    assert (mixed.volume, mixed.mix, mixed.quality) == (0, Decimal("-300.00"), 0)
    worse = gap(held, 100, 100, [0.5, 0.5, *empty], [400.0, -100.0, *empty])
    assert (worse.volume, worse.mix, worse.quality) == (0, 0, Decimal("-100.00"))
    late = gap(held, 100, 60, [0.5, 0.5, *empty], [300.0, -60.0, *empty])
    assert (late.waiting, late.volume, late.mix, late.quality) == (Decimal("-160.00"), 0, 0, 0)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"tp": ""}, "tp"),
        ({"fp": "0.09 * amuont"}, "fp"),
        ({"tn": "label"}, "tn"),
        ({"fn": "paid"}, "fn"),
        ({"tp": "1" * 91}, "tp"),
        ({"tp": "1); drop table x"}, "tp"),
    ],
)
def test_a_cell_that_is_no_amount_is_refused_by_its_name(cells, field):
    given_cells = {
        cell: {"tp": "1", "fp": "1", "tn": "0.1 * amount", "fn": "1", **cells}[cell.value] for cell in Cell
    }
    with pytest.raises(Invalid) as problem:
        read_cells(given_cells, COLUMNS, "BRL", ["amount"])
    assert problem.value.field == field
    assert problem.value.text()
