"""Exact distances against scipy, on the kinds of columns that break monitors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from core.evidence.monitoring import distances, exact, significance

SHAPES = ("normal", "integers", "lognormal", "rounded", "exponential", "constant")


def _draw(shape: str, rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    match shape:
        case "integers":
            return rng.integers(0, 30 + int(shift * 10), n).astype(float)
        case "lognormal":
            return rng.lognormal(shift, 2, n)
        case "rounded":
            return np.round(rng.standard_normal(n) + shift, 1)
        case "exponential":
            return rng.exponential(1 + shift, n)
        case "constant":
            return np.full(n, 3.0)
    return rng.standard_normal(n) + shift


@settings(max_examples=60, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    n=st.integers(1, 9000),
    m=st.integers(1, 9000),
    shift=st.sampled_from([0.0, 0.01, 0.3]),
    grid=st.sampled_from([16, 256, 4096]),
    seed=st.integers(0, 2**31),
)
def test_sorted_samples_equal_scipy(shape, n, m, shift, grid, seed):
    rng = np.random.default_rng(seed)
    a = np.sort(_draw(shape, rng, n, 0))
    b = np.sort(_draw(shape, rng, m, shift))
    assert exact.kolmogorov_smirnov(a, b, grid) == pytest.approx(
        stats.ks_2samp(a, b, method="asymp").statistic, abs=1e-12
    )
    expected = stats.wasserstein_distance(a, b)
    assert exact.wasserstein(a, b, chunk=500) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12).filter(
        lambda rows: sum(r[0] for r in rows) > 0 and sum(r[1] for r in rows) > 0
    )
)
def test_counted_distances_equal_scipy(counts):
    p, q = np.array(counts).T
    assert float(distances.jensen_shannon(p, q)) == pytest.approx(jensenshannon(p, q, 2), abs=1e-9)
    kept = p + q > 0
    if kept.sum() > 1:
        statistic, tail, freedom, _ = stats.chi2_contingency(np.array([p[kept], q[kept]]), correction=False)
        ours, degrees = distances.chi_square(p, q)
        assert float(ours) == pytest.approx(statistic, rel=1e-9, abs=1e-9)
        assert int(degrees) == freedom
        assert significance.chi_square_tail(float(ours), int(degrees)) == pytest.approx(
            tail, rel=1e-9, abs=1e-12
        )


@given(
    statistic=st.floats(0, 5000, allow_nan=False),
    freedom=st.integers(1, 600),
)
def test_chi_square_tail_equals_scipy(statistic, freedom):
    expected = float(stats.chi2.sf(statistic, freedom))
    assert significance.chi_square_tail(statistic, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_kolmogorov_tail_equals_scipy():
    for distance, n, m in [
        (0.02, 10_000, 9_000),
        (0.05, 3_000, 5_000),
        (0.2, 500, 800),
        (0.001, 5_000, 5_000),
    ]:
        expected = stats.kstwobign.sf(distance * np.sqrt(n * m / (n + m)))
        assert significance.kolmogorov_tail(distance, n, m) == pytest.approx(expected, abs=1e-12)


def test_q_values_equal_scipy_and_leave_missing_out():
    p = np.array([0.01, 0.2, np.nan, 0.03, 0.001, 1.0])
    q = significance.adjusted(p)
    known = ~np.isnan(p)
    assert q[known] == pytest.approx(stats.false_discovery_control(p[known]))
    assert np.isnan(q[2])


def test_sampling_noise_bounds_psi_where_nothing_changed():
    rng = np.random.default_rng(0)
    over = 0
    for _ in range(400):
        p, q = rng.multinomial(5000, np.full(10, 0.1)), rng.multinomial(700, np.full(10, 0.1))
        over += float(distances.psi(p, q)) > float(significance.psi_noise(10, 700, 5000, 0.99))
    assert over <= 12


def test_wilson_equals_scipy():
    for k, n in [(0, 10), (3, 17), (500, 900), (5, 5)]:
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        assert significance.wilson(k, n) == pytest.approx((expected.low, expected.high))
