"""Profiles are sums of counts: any split gives the same numbers, and a comparison sees what it must."""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.evidence.monitoring import drift
from core.evidence.monitoring.edges import CategoryEdges, NumberEdges, TextEdges, number_edges
from core.evidence.monitoring.layout import Layout, Part, Wanted, from_json, layout_of, to_json

KINDS = [
    Wanted("x", "number"),
    Wanted("k", "integer"),
    Wanted("flag", "boolean"),
    Wanted("level", "category"),
    Wanted("note", "text"),
    Wanted("when", "datetime"),
    Wanted("score", "number", Part.OUTPUT),
]


def _frame(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n) + shift
    return pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.04, np.nan, x),
            "k": rng.integers(0, 12, n),
            "flag": rng.random(n) < 0.2,
            "level": rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]),
            "note": [f"free text {i}" for i in range(n)],
            "when": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
            "score": 1 / (1 + np.exp(-x)),
        }
    )


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="module")
def reference() -> pa.Table:
    return _table(_frame(5000, 0))


@pytest.fixture(scope="module")
def layout(reference) -> Layout:
    return layout_of(reference, KINDS)


def _compare(layout: Layout, reference: pa.Table, *tables: pa.Table) -> dict[str, drift.ColumnDrift]:
    profiles = [layout.profile(table) for table in tables]
    found = drift.compare(
        layout,
        layout.profile(reference).cells,
        np.stack([p.cells for p in profiles]),
        np.stack([p.moments for p in profiles]),
    )
    return {column.name: column for column in found}


def test_kinds_choose_their_cells(layout):
    kinds = {column.name: type(column.edges) for column in layout.columns}
    assert kinds == {
        "x": NumberEdges,
        "k": NumberEdges,
        "flag": CategoryEdges,
        "level": CategoryEdges,
        "note": TextEdges,
        "when": NumberEdges,
        "score": NumberEdges,
    }
    edges = layout.columns[1].edges
    assert isinstance(edges, NumberEdges)
    assert edges.discrete


def test_stored_layout_is_read_back_the_same(layout):
    assert from_json(json.loads(json.dumps(to_json(layout)))) == layout


def test_packed_profile_is_read_back_the_same(layout, reference):
    profile = layout.profile(reference)
    cells, moments = layout.unpack(layout.pack(profile))
    assert (cells == profile.cells).all()
    assert np.array_equal(moments, profile.moments)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 800), max_size=4), seed=st.integers(0, 1000))
def test_a_window_is_the_sum_of_its_parts(layout, cuts, seed):
    table = _table(_frame(800, seed, 0.4))
    whole = layout.profile(table)
    total = layout.empty()
    points = [0, *sorted(cuts), 800]
    for start, stop in pairwise(points):
        total = layout.add(total, layout.profile(table.slice(start, stop - start)))
    assert total.rows == whole.rows
    assert (total.cells == whole.cells).all()
    assert total.moments == pytest.approx(whole.moments)
    for column, span in layout.spans():
        assert total.cells[span].sum() == 800, column.name


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 3000),
    m=st.integers(1, 3000),
    discrete=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_binned_distance_holds_the_exact_one(n, m, discrete, seed):
    rng = np.random.default_rng(seed)
    a, b = (
        (rng.integers(0, 40, k) / (2 if s == 1 else 4) if discrete else rng.standard_normal(k) * s)
        for k, s in ((n, 1), (m, 1.3))
    )
    wanted = layout_of(pa.table({"x": a}), [Wanted("x", "number")])
    found = _compare(wanted, pa.table({"x": a}), pa.table({"x": b}))["x"]
    exact = stats.ks_2samp(a, b, method="asymp").statistic
    assert found.ks[0] <= exact + 1e-12
    assert exact <= found.ks[0] + found.ks_error[0] + 1e-12
    if discrete:
        assert found.ks[0] == pytest.approx(exact, abs=1e-12)


def test_nothing_changed_is_quiet_and_shift_is_seen(layout, reference):
    found = _compare(layout, reference, _table(_frame(4000, 5)), _table(_frame(4000, 6, 0.8)))
    for name, column in found.items():
        if column.compared:
            assert column.psi[0] < 0.02, name
    assert found["x"].psi[1] > 0.2
    assert found["score"].psi[1] > 0.2
    assert found["score"].part == Part.OUTPUT
    assert found["x"].psi_noise[1] < 0.02


def test_missing_new_and_out_of_range_are_seen_on_their_own(layout, reference):
    frame = _frame(2000, 7)
    frame.loc[frame.index[:240], "x"] = np.nan
    frame.loc[frame.index[:100], "level"] = "z"
    frame.loc[frame.index[:60], "k"] = 99
    frame.loc[frame.index[60:70], "k"] = -4
    found = _compare(layout, reference, _table(frame))
    assert found["x"].missing[0] == pytest.approx(frame["x"].isna().mean())
    assert found["x"].missing_reference == pytest.approx(0.04, abs=0.01)
    assert found["level"].new_share[0] == 0.05
    assert found["k"].out_of_range[0] == 0.035
    assert layout.profile(_table(frame)).novel == {"level": {"z": 100}}


def test_columns_that_break_monitors(layout):
    n = 400
    traps = pa.table(
        {
            "nothing": pa.nulls(n, pa.float64()),
            "constant": pa.array([1.0] * n),
            "endless": pa.array([math.inf, -math.inf, *([0.5] * (n - 2))]),
            "both": pa.array([math.nan, None, *([2.0] * (n - 2))], from_pandas=False),
            "whole": pa.array([2**53, -(2**53)] * (n // 2)),
            "ids": pa.array([f"id {i}" for i in range(n)]),
        }
    )
    wanted = [Wanted(name, "category" if name == "ids" else "number") for name in traps.column_names]
    cut = layout_of(traps, wanted)
    same = {c.name: c for c in drift.compare(cut, *_arguments(cut, traps, traps))}
    assert all(np.nan_to_num(c.psi[0]) == 0 for c in same.values())
    assert not same["nothing"].compared
    assert same["both"].missing[0] == 2 / n
    moved = traps.set_column(1, "constant", pa.array([1.0] * 200 + [2.0] * 200))
    assert {c.name: c for c in drift.compare(cut, *_arguments(cut, traps, moved))}["constant"].psi[0] > 1
    still = pa.table({"whole": pa.array([5] * n)})
    assert {c.name: c for c in drift.compare(cut, *_arguments(cut, traps, still))}["whole"].constant[0]


def _arguments(cut: Layout, reference: pa.Table, current: pa.Table):
    profile = cut.profile(current)
    return cut.profile(reference).cells, profile.cells[None], profile.moments[None]


def test_empty_window_has_no_number(layout, reference):
    found = _compare(layout, reference, reference.slice(0, 0))
    assert np.isnan(found["x"].psi[0])
    assert np.isnan(found["level"].missing[0])


def test_edges_hold_the_deciles_exactly():
    values = np.random.default_rng(3).lognormal(0, 2, 5000)
    edges = number_edges(values)
    assert np.asarray(edges.cuts)[list(edges.deciles)] == pytest.approx(
        np.quantile(values, np.arange(1, 10) / 10)
    )
    assert len(edges.cuts) < 140


SHARED = {
    "hotel_bookings": ("2015-07-01", "2016-03-01", "2017-03-01", {"agent": "category"}),
    "bank_marketing": ("2008-05-05", "2008-11-01", "2010-11-18", {}),
    "acs_employment_ma": ("2015-01-01", "2016-01-01", "2019-01-01", {}),
}
NOT_FEATURES = {
    "hotel_bookings": {"booking_id", "is_canceled", "days_in_waiting_list"},
    "bank_marketing": {"row_id", "y", "day", "month"},
    "acs_employment_ma": {"id", "year", "partition"},
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", SHARED)
def test_shared_sets_flag_what_their_authors_measured(name, shared_data):
    start, middle, end, kinds = SHARED[name]
    frame = pd.read_parquet(shared_data / name / "data.parquet")
    expected = json.loads((shared_data / name / "expected.json").read_text())["random_holdout"]
    when = frame["event_time"]
    columns = [
        c
        for c in frame.columns
        if c not in NOT_FEATURES[name] and not pd.api.types.is_datetime64_any_dtype(frame[c])
    ]
    a = frame.loc[(when >= start) & (when < middle), columns]
    b = frame.loc[(when >= middle) & (when < end), columns]
    assert (len(a), len(b)) == (expected["ref"][2], expected["cur"][2])
    left, right = _table(a), _table(b)
    wanted = [Wanted(c, kinds.get(c, "number")) for c in columns]
    found = _compare(layout_of(left, wanted), left, right)
    flagged = {c.name for c in found.values() if c.psi[0] > 0.2}
    assert flagged == set(expected["psi_gt_0.2"])
    for column in (
        "adr",
        "market_segment",
        "customer_type",
        "pdays",
        "previous",
        "poutcome",
        "contact",
        "job",
    ):
        listed = {**expected["psi_gt_0.2"], **expected["psi_0.1_0.2"]}.get(column)
        if listed is not None:
            assert found[column].psi[0] == pytest.approx(listed, abs=6e-4)
