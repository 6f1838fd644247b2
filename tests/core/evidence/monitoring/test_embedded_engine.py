"""Two files compared one column at a time give scipy's numbers, on the kinds of columns that break monitors."""

import datetime as dt
import decimal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from core.errors import Invalid
from core.evidence.monitoring.comparison import ColumnComparison, Statistic
from core.evidence.monitoring.embedded_engine import compare_sources
from core.evidence.monitoring.repeats import repeated_rows
from core.evidence.monitoring.sources import TableSource, open_source

CASES = 312
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Values = list[object]


def _holes(rng: np.random.Generator, values: Values, share: float) -> Values:
    return [
        None if gone else value for value, gone in zip(values, rng.random(len(values)) < share, strict=True)
    ]


KINDS: dict[str, tuple[Callable[[np.random.Generator, int, float], Values], pa.DataType]] = {
    "float": (lambda r, n, s: (r.standard_normal(n) + s).tolist(), pa.float64()),
    "heavy": (lambda r, n, s: r.lognormal(s, 2, n).tolist(), pa.float64()),
    "ties": (lambda r, n, s: np.round(r.standard_normal(n) + s, 1).tolist(), pa.float64()),
    "single": (lambda r, n, s: r.standard_normal(n).astype("float32").tolist(), pa.float32()),
    "nan": (
        lambda r, n, s: np.where(r.random(n) < 0.1 + s / 10, np.nan, r.standard_normal(n)).tolist(),
        pa.float64(),
    ),
    "constant": (lambda r, n, s: [7.0] * n, pa.float64()),
    "whole": (lambda r, n, s: r.integers(0, 30 + int(10 * s), n).tolist(), pa.int64()),
    "huge": (lambda r, n, s: (2**53 + r.integers(0, 50, n)).tolist(), pa.int64()),
    "byte": (lambda r, n, s: r.integers(-9, 9, n).tolist(), pa.int8()),
    "decimal": (
        lambda r, n, s: [decimal.Decimal(int(v)).scaleb(-2) for v in r.integers(0, 10**4, n)],
        pa.decimal128(12, 2),
    ),
    "moment": (
        lambda r, n, s: [EPOCH + dt.timedelta(seconds=int(v)) for v in r.integers(0, 10**6, n)],
        pa.timestamp("us", "UTC"),
    ),
    "day": (
        lambda r, n, s: [dt.date(2024, 1, 1) + dt.timedelta(days=int(v)) for v in r.integers(0, 400, n)],
        pa.date32(),
    ),
    "boolean": (lambda r, n, s: (r.random(n) < 0.3 + s / 10).tolist(), pa.bool_()),
    "text": (lambda r, n, s: r.choice(["a", "b", "ç", "d"], n, p=[0.4, 0.3, 0.2, 0.1]).tolist(), pa.string()),
    "level": (
        lambda r, n, s: r.choice(["x", "y", "new" if s else "z"], n).tolist(),
        pa.dictionary(pa.int8(), pa.string()),
    ),
}
ORDERED = [k for k, (_, kind) in KINDS.items() if k not in ("boolean", "text", "level")]


def _plain(column: pa.ChunkedArray) -> np.ndarray:
    """Values as scipy takes them, the slow and plain way."""
    kept = [v for v in column.to_pylist() if v is not None and v == v]  # noqa: PLR0124 - NaN
    if kept and isinstance(kept[0], dt.datetime):
        return np.array([(v - EPOCH).total_seconds() for v in kept])
    if kept and isinstance(kept[0], dt.date):
        return np.array([(v - dt.date(1970, 1, 1)).days * 86_400.0 for v in kept])
    return np.array(kept) if kept and isinstance(kept[0], int) else np.array(kept, dtype=float)


@pytest.mark.parametrize("turn", range(12))
def test_random_columns_equal_scipy(turn: int, tmp_path: Path) -> None:
    """12 files of 26 columns: 312 random cases."""
    rng = np.random.default_rng(turn)
    sides: list[pa.Table] = []
    shift = [0.0, 0.01, 0.3, 1.0][turn % 4]
    share = [0.0, 0.07][turn % 2]
    names = [f"{kind} {copy}" for kind in KINDS for copy in range(2 if kind in ORDERED[:-1] else 1)]
    assert len(names) * 12 == CASES
    for side, n in enumerate((int(rng.integers(1, 6000)), int(rng.integers(1, 6000)))):
        columns = {}
        for name in names:
            make, kind = KINDS[name.split()[0]]
            columns[name] = pa.array(_holes(rng, make(rng, n, shift * side), share), kind)
        sides.append(pa.table(columns))
        pq.write_table(sides[-1], tmp_path / f"{side}.parquet", row_group_size=1700)
    found = compare_sources(
        open_source(tmp_path / "0.parquet"), open_source(tmp_path / "1.parquet"), threads=2
    )
    assert [one.name for one in found] == names
    for one in found:
        before, after = sides[0][one.name], sides[1][one.name]
        assert one.rows == (len(before), len(after))
        (_against_scipy if one.name.split()[0] in ORDERED else _counts_against_scipy)(one, before, after)


def _against_scipy(one: ColumnComparison, before: pa.ChunkedArray, after: pa.ChunkedArray) -> None:
    x, y = _plain(before), _plain(after)
    assert one.missing == (len(before) - len(x), len(after) - len(y))
    if not len(x) or not len(y):
        assert np.isnan(one.statistics[Statistic.KS])
        return
    ks = stats.ks_2samp(x, y, method="asymp")
    assert one.statistics[Statistic.KS] == pytest.approx(ks.statistic, abs=1e-9), one.name
    if min(len(x), len(y)) > 1000:
        assert one.statistics[Statistic.P_VALUE] == pytest.approx(ks.pvalue, abs=0.02)
    # scipy sums over the values themselves: far from zero, it is its own rounding that shows.
    middle = x.min()
    far = stats.wasserstein_distance((x - middle).astype(float), (y - middle).astype(float))
    assert one.statistics[Statistic.WASSERSTEIN] == pytest.approx(far, rel=1e-9, abs=1e-9), one.name
    spread = (x - middle).astype(float).std()
    if spread > 0:
        assert one.statistics[Statistic.WASSERSTEIN_NORMED] == pytest.approx(far / spread, rel=1e-9, abs=1e-9)
    cuts = np.unique(np.quantile(x.astype(float), np.arange(1, 10) / 10))
    p, q = (
        np.append(
            np.bincount(np.searchsorted(cuts, v.astype(float), "left"), minlength=len(cuts) + 1),
            len(whole) - len(v),
        )
        for v, whole in ((x, before), (y, after))
    )
    if one.name.split()[0] not in (
        "moment",
        "day",
        "huge",
        "decimal",
    ):  # deciles there are rounded where they are not values
        assert one.statistics[Statistic.JS] == pytest.approx(jensenshannon(p, q, 2), abs=1e-9), one.name
    outside = ((y < x.min()) | (y > x.max())).sum() / len(after)
    assert one.statistics[Statistic.OUT_OF_RANGE] == pytest.approx(outside)


def _counts_against_scipy(one: ColumnComparison, before: pa.ChunkedArray, after: pa.ChunkedArray) -> None:
    x, y = (pd.Series(c.to_pylist()).dropna().value_counts() for c in (before, after))
    keys = sorted(set(x.index) | set(y.index))
    p, q = (np.array([v.get(key, 0) for key in keys]) for v in (x, y))
    assert one.missing == (len(before) - p.sum(), len(after) - q.sum())
    assert set(one.new) == {str(key) for key in keys if key not in x.index}
    if p.sum() and q.sum() and len(keys) > 1:
        chi2 = stats.chi2_contingency(np.array([p, q]), correction=False)
        assert one.statistics[Statistic.CHI2] == pytest.approx(chi2.statistic, rel=1e-9, abs=1e-9)
        assert one.statistics[Statistic.P_VALUE] == pytest.approx(chi2.pvalue, rel=1e-9, abs=1e-9)
        assert one.statistics[Statistic.LINF] == pytest.approx(
            np.abs(p / p.sum() - q / q.sum()).max(), abs=1e-9
        )
    whole = [np.append(v, one.missing[i]) for i, v in enumerate((p, q))]
    assert one.statistics[Statistic.JS] == pytest.approx(jensenshannon(*whole, 2), abs=1e-9)
    gap = np.sqrt(whole[0] / whole[0].sum()) - np.sqrt(whole[1] / whole[1].sum())
    assert one.statistics[Statistic.HELLINGER] == pytest.approx(np.sqrt((gap**2).sum() / 2), abs=1e-9)


def _compare(a: dict[str, pa.Array], b: dict[str, pa.Array]) -> dict[str, ColumnComparison]:
    found = compare_sources(TableSource(pa.table(a), "a"), TableSource(pa.table(b), "b"))
    return {one.name: one for one in found}


def test_traps() -> None:
    before = {
        "empty": pa.nulls(4),
        "endless": pa.array([np.inf, -np.inf, 0.5, 1.0]),
        "kind": pa.array([1, 2, 3, 4]),
        "wider": pa.array([1, 2, 3, 4], pa.int32()),
        "stuck": pa.array(["a", "b", "a", "b"]),
        "bytes": pa.array([b"1"] * 4),
        "list": pa.array([[1]] * 4),
        "slice": pa.chunked_array([pa.array([None, 9.0, 1.0, 2.0, None, 3.0]).slice(2)]),
    }
    after = {
        "empty": pa.array([1.0, 2.0, None, 3.0]),
        "endless": pa.array([np.inf, np.inf, 0.5, 1.0]),
        "kind": pa.array(["1", "2", "3", "4"]),
        "wider": pa.array([1.0, 2.0, 3.0, 4.0]),
        "stuck": pa.array(["a"] * 4),
        "bytes": pa.array([b"1"] * 4),
        "list": pa.array([[1]] * 4),
        "slice": pa.array([1.0, 2.0, 3.0, None]),
    }
    found = _compare(before, after)
    assert found["empty"].missing == (4, 1)
    assert not found["empty"].type_changed
    assert np.isnan(found["empty"].statistics[Statistic.KS])
    assert found["endless"].statistics[Statistic.WASSERSTEIN] == 0
    assert found["endless"].statistics[Statistic.KS] == 0.25
    assert found["kind"].type_changed
    assert found["kind"].statistics[Statistic.PSI] == 0
    assert not found["wider"].type_changed
    assert found["wider"].statistics[Statistic.KS] == 0
    assert found["stuck"].constant
    assert found["stuck"].vanished == ("b",)
    assert found["bytes"].statistics == {Statistic.MISSING: 0.0, Statistic.MISSING_RISE: 0.0}
    assert found["slice"].missing == (1, 1)
    assert found["slice"].statistics[Statistic.KS] == 0


def test_free_text_is_compared_by_what_is_missing() -> None:
    ids = pa.array([f"id {i}" for i in range(20_000)])
    found = _compare({"id": ids}, {"id": pa.array([None, *[f"id {i}" for i in range(19_999)]])})["id"]
    assert found.free_text
    assert found.missing == (0, 1)
    assert Statistic.PSI not in found.statistics


def test_csv_is_the_same_as_parquet(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for side in ("a", "b"):
        table = pa.table(
            {"x": rng.standard_normal(500), "k": rng.integers(0, 9, 500), "c": rng.choice(["é", "y;z"], 500)}
        )
        pq.write_table(table, tmp_path / f"{side}.parquet")
        pa.csv.write_csv(table, tmp_path / f"{side}.csv")
    by_form = [
        compare_sources(open_source(tmp_path / f"a.{form}"), open_source(tmp_path / f"b.{form}"))
        for form in ("csv", "parquet")
    ]
    for one, other in zip(*by_form, strict=True):
        assert one.statistics == pytest.approx(other.statistics, nan_ok=True)


@pytest.mark.parametrize("body", [b"", b"a,b\n", b"a,a\n1,2\n", b"PAR1 not really", b"\xff\xfe\x00"])
def test_what_is_no_table_is_refused_with_a_fix(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(body)
    with pytest.raises(Invalid) as refused:
        open_source(path)
    assert refused.value.fix_text()


@pytest.mark.parametrize("seed", range(6))
def test_repeated_rows_equal_pandas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 3000
    frame = pd.DataFrame(
        {
            "x": rng.standard_normal(n) if seed % 2 else rng.integers(0, 20, n).astype(float),
            "c": rng.choice(["a", "b", None], n),
            "flag": rng.random(n) < 0.5,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 30, n), unit="D"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "x"] = np.nan
    frame = pd.concat([frame, frame.iloc[:200]])
    source = TableSource(pa.Table.from_pandas(frame, preserve_index=False), "t")
    for order in (list(frame.columns), list(frame.columns)[::-1]):
        assert repeated_rows(source, order) == frame.duplicated().sum()
