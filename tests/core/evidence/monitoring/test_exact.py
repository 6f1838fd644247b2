"""Exact distances against scipy, on the kinds of columns that break monitors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
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


@settings(max_examples=120, deadline=None)
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


@pytest.fixture(scope="module")
def awkward(tmp_path_factory) -> tuple[Path, Path, pd.DataFrame, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("exact")
    frames = []
    for seed, n in ((1, 3000), (2, 4100)):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(n)
        frame = pd.DataFrame(
            {
                "integer": pd.array(rng.integers(0, 9, n), dtype="Int64"),
                "small": rng.integers(-3, 3, n).astype("int8"),
                "boolean": rng.random(n) < 0.3,
                "moment": pd.Timestamp("2024-01-01", tz="UTC")
                + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
                "blank": np.where(rng.random(n) < 0.05 * seed, np.nan, x),
                "constant": np.full(n, 7.0),
                "empty": np.full(n, np.nan),
                "level": rng.choice(["a", "b", "ç"] + (["new"] if seed == 2 else []), n),
                "id": [f"row {i} of {seed}" for i in range(n)],
            }
        )
        frame.loc[frame.index % 17 == 0, "integer"] = pd.NA
        frames.append(frame)
    paths = []
    for index, frame in enumerate(frames):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        x = frame["blank"].to_numpy()
        both = pa.array(np.where(np.arange(len(x)) % 5 == 0, np.nan, x), mask=np.arange(len(x)) % 7 == 0)
        endless = x.copy()
        endless[:3] = [np.inf, -np.inf, np.inf]
        exactly = pa.array(np.round(np.nan_to_num(x), 2).tolist()).cast(pa.decimal128(10, 2), safe=False)
        table = (
            table.append_column("nan_and_null", both)
            .append_column("endless", pa.array(endless))
            .append_column("decimal", exactly)
        )
        path = folder / f"{index}.parquet"
        pq.write_table(table, path, row_group_size=700)
        paths.append(path)
    return paths[0], paths[1], frames[0], frames[1]


def test_files_compare_column_by_column(awkward):
    left, right, a, b = awkward
    found = exact.compare_files(left, right, threads=2)
    assert set(found) == set(a.columns) | {"nan_and_null", "endless", "decimal"}
    for name in ("integer", "small", "blank", "constant"):
        x, y = (frame[name].dropna().astype(float).to_numpy() for frame in (a, b))
        assert found[name].ks == pytest.approx(stats.ks_2samp(x, y, method="asymp").statistic, abs=1e-12)
        assert found[name].wasserstein == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-9, abs=1e-12)
        assert found[name].missing == pytest.approx((a[name].isna().mean(), b[name].isna().mean()))
        assert "exact" in found[name].variants["ks_exact"]
    assert found["level"].new_categories == ("new",)
    assert found["boolean"].numeric is False
    assert found["boolean"].ks is None
    assert found["constant"].constant
    assert found["constant"].psi == 0
    assert found["empty"].missing == (1.0, 1.0)
    assert np.isnan(found["empty"].ks)
    assert found["nan_and_null"].missing[0] > 0.3
    assert found["endless"].ks is not None
    assert np.isfinite(found["endless"].wasserstein)
    stamps = [frame["moment"].astype("int64").to_numpy().astype(float) for frame in (a, b)]
    assert found["moment"].ks == pytest.approx(stats.ks_2samp(*stamps, method="asymp").statistic, abs=1e-12)
    assert found["decimal"].ks is not None
    assert found["decimal"].numeric
