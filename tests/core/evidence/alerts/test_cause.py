"""Causes: the segment that holds the excess, the mix that explains a shift, the features that moved the score."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.evidence.alerts import cause
from core.evidence.alerts.cause import CauseKind
from core.evidence.monitoring.bands import LEVELS, quantiles
from core.evidence.monitoring.edges import number_edges

NAMES = ("app", "branch", "phone")


def test_the_segment_that_lost_its_values_is_named_with_its_share():
    rng = np.random.default_rng(0)
    codes = rng.choice(3, 4000, p=[0.3, 0.5, 0.2])
    hit = rng.random(4000) < np.where(codes == 0, 0.34, 0.02)
    (one,) = cause.of_segments(hit, 0.02, {"channel": (NAMES, codes)})
    assert (one.kind, one.column, one.value) == (CauseKind.SEGMENT, "channel", "app")
    assert one.share > 0.95
    assert abs(one.expected - 0.3) < 0.03
    assert "channel app" in one.text()
    assert cause.from_json(one.to_json()) == one


def test_a_fault_that_is_everywhere_has_no_segment():
    rng = np.random.default_rng(1)
    codes = rng.choice(3, 4000)
    hit = rng.random(4000) < 0.2
    assert cause.of_segments(hit, 0.02, {"channel": (NAMES, codes)}) == []
    assert cause.of_segments(hit, 0.5, {"channel": (NAMES, codes)}) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(-1, 2)), min_size=1, max_size=80), st.floats(0, 1))
def test_shares_of_a_segment_are_shares(rows, before):
    hit, codes = np.array([h for h, _ in rows]), np.array([c for _, c in rows])
    for one in cause.of_segments(hit, before, {"x": (NAMES, codes)}):
        assert 0 < one.expected < one.share <= 1


def test_a_handful_of_rows_names_no_segment():
    codes = np.array([0] * 10 + [1] * 10 + [2] * 123)
    hit = np.zeros(143, dtype=bool)
    hit[[0, 1, 12, 30, 40, 50]] = True
    assert cause.of_segments(hit, 0.01, {"purpose": (NAMES, codes)}) == []


def test_a_changed_mix_and_moved_features():
    assert [c.column for c in cause.of_mix(0.4, {"channel": 0.05, "region": 0.39})] == ["channel"]
    assert cause.of_mix(0.0, {"channel": 0.0}) == []
    found = cause.of_attributions({"income": -0.3, "age": 0.1, "debt": 0.001})
    assert [(c.column, round(c.share, 2)) for c in found] == [("income", 0.75), ("age", 0.25)]
    assert "−0.300" in found[0].text()
    assert cause.of_attributions({"income": 0.0}) == []


@given(st.integers(0, 2**31), st.booleans())
def test_quantiles_from_counts_lie_where_numpy_finds_them(seed, discrete):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 9, 4000).astype(float) if discrete else rng.normal(10, 3, 4000)
    edges = number_edges(values)
    later = values[: len(values) // 2]
    cells = np.zeros((1, edges.slots), dtype=np.int64)
    cells[0, 2:] = np.bincount(np.searchsorted(edges.cuts, later, "left"), minlength=len(edges.cuts) + 1)
    found = quantiles(edges, cells)[0]
    assert (np.diff(found) >= 0).all()
    spread = (
        np.quantile(later, [max(0, level - 0.02) for level in LEVELS]),
        np.quantile(later, [level + 0.02 for level in LEVELS]),
    )
    assert (found >= spread[0] - 1e-9).all()
    assert (found <= spread[1] + 1e-9).all()
