"""The same integers on the embedded engine, DuckDB and Spark, on random columns and on the shared data."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.evidence.monitoring import drift, hours, ibis_engine, partition
from core.evidence.monitoring.counts import is_numeric
from core.evidence.monitoring.edges import NumberEdges
from core.evidence.monitoring.layout import Layout, Profile, Wanted, layout_of

SHARED = {
    "acs_employment_ma": datetime(2016, 1, 1, tzinfo=UTC),
    "bank_marketing": datetime(2008, 11, 1, tzinfo=UTC),
    "bike_hourly": datetime(2012, 1, 1, tzinfo=UTC),
    "hotel_bookings": datetime(2016, 3, 1, tzinfo=UTC),
}


@pytest.fixture(scope="module")
def spark() -> Iterator[ibis.BaseBackend]:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("no java for Spark")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("aval-test")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield ibis.pyspark.connect(session)
    session.stop()


def _wanted(schema: pa.Schema) -> list[Wanted]:
    return [
        Wanted(
            one.name,
            "datetime"
            if pa.types.is_temporal(one.type)
            else "number"
            if is_numeric(one.type)
            else "category",
        )
        for one in schema
    ]


def _same(one: Profile, other: Profile, layout: Layout) -> None:
    assert one.rows == other.rows
    for column, span in layout.spans():
        assert one.cells[span].tolist() == other.cells[span].tolist(), column.name
    assert one.novel == other.novel
    for i, column in enumerate(layout.columns):
        if isinstance(column.edges, NumberEdges):
            assert other.moments[i, 0] == one.moments[i, 0]
            assert other.moments[i, 3:] == pytest.approx(one.moments[i, 3:], rel=1e-12), column.name
            if not column.edges.temporal:
                assert other.moments[i] == pytest.approx(one.moments[i], rel=1e-9), column.name


def _awkward(seed: int, n: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    x[:4] = [np.inf, -np.inf, np.nan, 0.0]
    moments = 1_700_000_000_000_000 + rng.integers(0, 10**13, n)
    return pa.table(
        {
            "x": pa.array(x, mask=rng.random(n) < 0.1),
            "small": pa.array(rng.integers(-3, 4, n), pa.int8()),
            "whole": pa.array(rng.integers(0, 2**53, n)),
            "flag": pa.array(rng.random(n) < 0.4),
            "level": pa.array(
                rng.choice(["a", "ß", "it's", "z" if seed else "y"], n), mask=rng.random(n) < 0.1
            ),
            "when": pa.array(moments, pa.timestamp("us")),
            "zoned": pa.array(moments, pa.timestamp("us", "UTC")),
            "day": pa.array(rng.integers(18_000, 18_400, n), pa.int32()).cast(pa.date32()),
            "constant": pa.array([2.5] * n),
            "nothing": pa.nulls(n, pa.float64()),
            "note": pa.array([f"free {i}" for i in range(n)], mask=rng.random(n) < 0.2),
        }
    )


def _random(backend: ibis.BaseBackend, folder: Path) -> None:
    before, after = _awkward(0, 3000), _awkward(1, 2500)
    wanted = [
        Wanted(w.name, {"note": "text", "flag": "boolean"}.get(w.name, w.kind))
        for w in _wanted(before.schema)
    ]
    layout = ibis_engine.coarse(layout_of(before, wanted))
    assert max(len(c.edges.cuts) + 1 for c in layout.columns if isinstance(c.edges, NumberEdges)) <= 32
    for name, table in (("before", before), ("after", after)):
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        found = ibis_engine.profile(backend.read_parquet(path, table_name=f"random_{name}"), layout)
        _same(layout.profile(table), found, layout)
    short = backend.read_parquet(folder / "after.parquet", table_name="short").drop("x", "level")
    _same(layout.profile(after.drop(["x", "level"])), ibis_engine.profile(short, layout), layout)
    empty = backend.read_parquet(folder / "after.parquet", table_name="none").filter(ibis._.small > 99)
    assert ibis_engine.profile(empty, layout).cells.sum() == 0
    _by_the_hour(backend.read_parquet(folder / "after.parquet", table_name="hourly"), after, layout)


def _by_the_hour(there: "ibis.Table", table: pa.Table, layout: Layout) -> None:
    for moment in ("when", "zoned"):
        days = partition.days_of(pa.chunked_array([table[moment].combine_chunks()]))
        held, found = np.unique(days, return_counts=True)
        first, last = held[0].astype(date), held[-1].astype(date)
        counted = ibis_engine.rows_by_day(there, moment, first, last)
        assert counted == {d.astype(date): n for d, n in zip(held, found.tolist(), strict=True)}
        busy = held[found.argmax()].astype(date)
        counted = ibis_engine.profile_days(there, layout, moment, busy - timedelta(days=3), busy)
        assert sorted(counted) == [d for d in held.astype(date) if busy - timedelta(days=3) <= d <= busy]
        for day, other in counted.items():
            rows = table.filter(pa.array(days == np.datetime64(day)))
            here = hours.profile_day(layout, rows, partition.hours_of(rows[moment]))
            _same(here.total, other.total, layout)
            assert here.hourly.hours == other.hourly.hours
            assert here.hourly.cells.tolist() == other.hourly.cells.tolist()


def _shared(backend: ibis.BaseBackend, shared_data: Path, names: Sequence[str] = tuple(SHARED)) -> None:
    for name in names:
        cut = SHARED[name]
        path = shared_data / name / "data.parquet"
        table = pq.read_table(path)
        early = pa.compute.less(
            table["event_time"], pa.scalar(cut.replace(tzinfo=None), table["event_time"].type)
        )
        reference, current = table.filter(early), table.filter(pa.compute.invert(early))
        fine = layout_of(reference, _wanted(reference.schema))
        layout = ibis_engine.coarse(fine)
        there = backend.read_parquet(path, table_name=name)
        moment = ibis.timestamp(cut.replace(tzinfo=None))
        before = ibis_engine.profile(there.filter(there["event_time"] < moment), layout)
        after = ibis_engine.profile(there.filter(there["event_time"] >= moment), layout)
        _same(layout.profile(reference), before, layout)
        _same(layout.profile(current), after, layout)
        # PSI and shares at 32 bins are those of the fine layout.
        for coarse, exact in zip(
            drift.compare(layout, before.cells, after.cells[None], after.moments[None]),
            drift.compare(
                fine,
                fine.profile(reference).cells,
                fine.profile(current).cells[None],
                fine.profile(current).moments[None],
            ),
            strict=True,
        ):
            assert coarse.psi == pytest.approx(exact.psi, nan_ok=True), coarse.name
            assert coarse.out_of_range == pytest.approx(exact.out_of_range, nan_ok=True)
            if coarse.numeric and not np.isnan(exact.ks[0]):
                assert coarse.ks[0] <= exact.ks[0] + 1e-12 <= coarse.ks[0] + coarse.ks_error[0] + 1e-9


def test_duckdb_counts_random_columns_the_same(tmp_path: Path) -> None:
    _random(ibis.duckdb.connect(), tmp_path)


@pytest.mark.shared_data
def test_duckdb_counts_shared_data_the_same(shared_data: Path) -> None:
    _shared(ibis.duckdb.connect(), shared_data)


@pytest.mark.long
def test_spark_counts_random_columns_the_same(spark: ibis.BaseBackend, tmp_path: Path) -> None:
    _random(spark, tmp_path)


@pytest.mark.shared_data
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SHARED)
def test_spark_counts_shared_data_the_same(spark: ibis.BaseBackend, shared_data: Path, name: str) -> None:
    _shared(spark, shared_data, [name])
