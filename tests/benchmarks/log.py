"""The prediction log: rows taken per second in one process, how soon they are in the charts, and a chart by the hour."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from app.wiring import open_store
from core.assets.datasets import reading, schema
from core.assets.datasets.tables import DatasetRow
from core.assets.intake.tables import EvaluationRow
from core.assets.registry.tables import VersionRow
from core.assets.registry.version import Signature
from core.evidence.monitoring import commands, queries, work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.hours import profile_day
from core.evidence.monitoring.windows import Grain
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.core.evidence.monitoring.conftest import Watched, ready_version

NUMBERS, CATEGORIES = 30, 10
PARQUET_ROWS, NDJSON_ROWS = 200_000, 40_000
DAYS, AN_HOUR = 90, 60


def ingest(folder: Path) -> Iterator[Mapping[str, float]]:
    """40 columns, into a log that holds a million rows already; processor seconds, as others may work beside it."""
    store, it = _open(folder)
    for number in range(5):
        _take(it, _rows(PARQUET_ROWS, f"held{number}", number), "parquet")
    turn = 0
    while True:
        turn += 1
        parquet = _take(it, _rows(PARQUET_ROWS, f"p{turn}", 100 + turn), "parquet")
        ndjson = _take(it, _rows(NDJSON_ROWS, f"n{turn}", 200 + turn), "ndjson")
        work.profile(_job(store, it))
        fresh = _rows(5_000, f"f{turn}", 300 + turn)
        begin, worked = time.perf_counter(), time.process_time()
        _take(it, fresh, "ndjson")
        work.profile(_job(store, it))
        with store.reading() as view:
            queries.drift(view, it.version_id, Grain.HOUR)
        yield {
            "ingest_parquet": PARQUET_ROWS / parquet,
            "ingest_ndjson": NDJSON_ROWS / ndjson,
            "freshness": time.process_time() - worked,
            "freshness, wall s": time.perf_counter() - begin,
        }


def chart(folder: Path) -> Iterator[Mapping[str, float]]:
    """90 days of hours of 40 features, read and compared; what the page draws comes on top."""
    store, it = _open(folder)
    layout = work.make_reference(store, _version(store, it))
    rng = np.random.default_rng(1)
    for step in range(DAYS):
        frame = _frame(24 * AN_HOUR, step)
        table = work.pa.Table.from_pandas(frame, preserve_index=False)
        table = table.append_column("aval:prediction", work.pa.array(rng.choice(["0", "1"], len(frame))))
        table = table.append_column("aval:probability", work.pa.array(rng.random(len(frame))))
        counted = profile_day(layout, table, np.repeat(np.arange(24), AN_HOUR))
        with store.unit_of_work(SYSTEM) as uow:
            day = date(2026, 6, 1) + timedelta(days=step)
            commands.replace_day(uow, it.version_id, layout, day, counted, {}, [])

    def spent(grain: Grain, **how: object) -> float:
        worked = time.process_time()
        with store.reading() as view:
            found = queries.drift(view, it.version_id, grain, **how)  # type: ignore[arg-type]
        assert found is not None
        assert len(found.windows) == (DAYS if grain == Grain.DAY else DAYS * 24)
        return (time.process_time() - worked) * 1e3

    while True:
        yield {
            "chart_hours": spent(Grain.HOUR, most=DAYS * 24, columns=["n000"]),
            "chart_days": spent(Grain.DAY),
            "all 40 features in all 2,160 hours, ms": spent(Grain.HOUR, most=DAYS * 24),
        }


def _open(folder: Path) -> tuple[Store, Watched]:
    store = open_store(
        Settings(folder=str(folder / "house")), clock=lambda: datetime(2026, 11, 23, tzinfo=UTC)
    )
    upgrade(store.engine)
    it = ready_version(store)
    reference = _frame(20_000, 0)
    digest = store.files.put_bytes(reading.to_parquet(reference)).digest
    score = np.random.default_rng(0).random(len(reference))
    said = pd.DataFrame(
        {
            "row": np.arange(len(reference)),
            "label": (score > np.random.default_rng(1).random(len(reference))).astype(int).astype(str),
            "prediction": np.where(score > 0.5, "1", "0"),
            "probability": score,
        }
    )
    with store.unit_of_work(SYSTEM) as uow:
        dataset = uow.session.get(DatasetRow, f"dat_{it.slug}")
        version = uow.session.get(VersionRow, it.version_id)
        evaluation = uow.session.get(EvaluationRow, f"eva_{it.slug}")
        assert dataset is not None
        assert version is not None
        assert evaluation is not None
        dataset.digest = version.dataset_digest = digest
        version.signature = Signature(schema.infer(reference), "probability", ("0", "1")).to_json()
        evaluation.predictions_digest = store.files.put_bytes(reading.to_parquet(said)).digest
    return store, it


def _version(store: Store, it: Watched):
    with store.reading() as view:
        return work.registry.version(view, it.version_id)


def _frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng([3, seed])
    numbers = {f"n{i:03}": rng.standard_normal(n).round(6) for i in range(NUMBERS)}
    names = np.array([f"value {j}" for j in range(12)])
    return pd.DataFrame(numbers | {f"c{i:03}": names[rng.integers(0, 12, n)] for i in range(CATEGORIES)})


def _rows(n: int, prefix: str, seed: int) -> pd.DataFrame:
    frame = _frame(n, seed)
    frame.insert(0, "prediction_id", [f"{prefix}-{i}" for i in range(n)])
    moments = pd.Timestamp("2026-11-20", tz="UTC") + pd.to_timedelta(np.arange(n) % 86_400, unit="s")
    frame.insert(1, "timestamp", moments)
    frame["probability"] = np.random.default_rng(seed).random(n).round(6)
    return frame


def _take(it: Watched, frame: pd.DataFrame, form: str) -> float:
    """Return the processor seconds of taking a batch, from stored file to acknowledged rows."""
    body = (
        reading.to_parquet(frame)
        if form == "parquet"
        else frame.to_json(orient="records", lines=True, date_format="iso").encode()
    )
    digest = it.store.files.put_bytes(body).digest
    begin = time.process_time()
    receipt = work.take(it.store, it.sender, it.version_id, BatchKind.PREDICTIONS, digest, form)  # type: ignore[arg-type]
    assert receipt.accepted == len(frame)
    return time.process_time() - begin


def _job(store: Store, it: Watched) -> JobContext:
    return JobContext(store, "job_none", SYSTEM, {"version_id": it.version_id})
