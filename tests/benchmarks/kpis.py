"""One KPI over ten million logged rows, a new day after that, and a scoreboard of 200 KPIs × 24 windows."""

import gc
import itertools
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from app import wiring
from core.evidence.kpis import formula_ibis, observing, queries
from core.evidence.kpis.daily import windows_of_days
from core.evidence.kpis.definition import Definition, Direction
from core.evidence.kpis.formula import Column, Kind
from core.evidence.kpis.formula_plan import plan
from core.evidence.kpis.formula_reading import read_formula
from core.evidence.kpis.intervals import from_totals
from core.evidence.kpis.logged import LogReader
from core.evidence.kpis.tables import KpiRevisionRow, KpiRow, ObservationRow
from core.evidence.monitoring import partition
from core.evidence.monitoring.batches import HASH, MOMENT, SAID, SCORE, TRUTH, BatchKind, Expected
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import Grain
from core.platform.store import SYSTEM
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.core.evidence.monitoring.conftest import ready_version

ROWS, DAYS, KPIS, WINDOWS, TURNS = 10_000_000, 30, 200, 24, 60
FORMULA = "sum(case when predicted_positive then 0 when actual_positive then -0.45 * amount else 0.031 * amount end)"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def observed(folder: Path) -> Iterator[Mapping[str, float]]:
    """Observe a money KPI from the raw log of a month, then from its stored days, then one new day."""
    log = _log(folder)
    files = SimpleNamespace(path=lambda digest: folder / digest)
    expected = Expected("binary", "probability", (("amount", "number"),), ("0", "1"), "1", 0.5)
    columns = (
        Column("amount", Kind.NUMBER), Column("predicted_positive", Kind.BOOLEAN),
        Column("actual_positive", Kind.BOOLEAN, outcome=True),
    )  # fmt: skip
    formula = read_formula(FORMULA, columns)
    definition = Definition(
        "Profit", "", "per_1", None, "BRL", Direction.HIGHER, 0.0, None, None, Grain.MONTH, 30, formula=FORMULA,
        currency="BRL",
    )  # fmt: skip
    reader = LogReader(files, expected, "UTC")
    formula_ibis.embedded()
    worked = plan(formula)
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        found = observing.observe_formula(definition, formula, log, reader, (), NOW)
        raw = time.perf_counter() - wall, time.process_time() - cpu
        assert len(found.windows) == 1
        assert found.windows[0].n == ROWS
        wall = time.perf_counter()
        (span,) = windows_of_days(found.days, worked, Grain.MONTH).values()
        again = from_totals(worked, span.totals).value
        stored = time.perf_counter() - wall
        assert math.isclose(again or 0.0, found.windows[0].value or 1.0, rel_tol=1e-12)
        older = [one for one in found.days if one.day != date(2026, 10, 30)]
        wall = time.perf_counter()
        observing.observe_formula(definition, formula, log, reader, older, NOW)
        yield {
            "kpi_raw": raw[0],
            "from raw logs, CPU, s": raw[1],
            "kpi_stored": stored * 1000,
            "a new day, s": time.perf_counter() - wall,
        }


def scoreboard(folder: Path) -> Iterator[Mapping[str, float]]:
    """Read the scoreboard of 200 KPIs × 24 windows, as the page does."""
    store = wiring.open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    it = ready_version(store)
    with store.unit_of_work(SYSTEM) as uow:
        for n in range(KPIS):
            uow.session.add(KpiRow(id=f"kpi_{n}", use_case_id=it.use_case_id, revision=1, created_at=NOW))
        uow.session.flush()
        for n in range(KPIS):
            uow.session.add(
                KpiRevisionRow(
                    id=f"kpr_{n}", kpi_id=f"kpi_{n}", number=1, name=f"KPI {n}", question="", owner_id="per_1",
                    metric="roc_auc", unit="", direction="higher", target=0.8, warning=None, critical=None,
                    window="month", minimum_n=30, author_id="per_1", created_at=NOW,
                )
            )  # fmt: skip
        uow.session.flush()
        for n, m in itertools.product(range(KPIS), range(WINDOWS)):
            start = (date(2024, 1, 1) + timedelta(days=31 * m)).replace(day=1)
            uow.session.add(
                ObservationRow(
                    revision_id=f"kpr_{n}", version_id=it.version_id, place=start.toordinal(), start=start,
                    end=start + timedelta(days=31), value=0.8, low=0.7, high=0.9, n=500, coverage=1.0,
                    status="on_target", observed_at=NOW,
                )
            )  # fmt: skip
        uow.record("kpi.approved", "kpi", "kpi_0")
    gc.collect()
    gc.freeze()  # as the server does once it has started
    while True:
        spans = []
        for _ in range(TURNS):
            wall = time.perf_counter()
            with store.reading() as view:
                scores = queries.scoreboard(view)
            spans.append(time.perf_counter() - wall)
        assert len(scores) == KPIS
        assert all(len(one.history) == WINDOWS for one in scores)
        yield {"scoreboard_p95": float(np.quantile(spans, 0.95)) * 1000}


def _log(folder: Path) -> observing.Log:
    random = np.random.default_rng(0)
    predictions, labels = [], []
    whole = LogPart("", BatchKind.PREDICTIONS, 1, date(2026, 10, 1), "", 0, 0, profiled=True)
    for n in range(DAYS):
        rows = ROWS // DAYS + (ROWS % DAYS if n == 0 else 0)
        day = np.datetime64("2026-10-01") + n
        score = random.random(rows)
        hashes = random.integers(0, 2**63, rows).astype(np.uint64)
        table = pa.table(
            {
                HASH: hashes,
                MOMENT: pa.array(np.full(rows, day.astype("datetime64[us]")), pa.timestamp("us", "UTC")),
                SAID: pa.array(np.where(score >= 0.5, "1", "0")),
                SCORE: score,
                "amount": random.lognormal(8, 1, rows).round(2),
            }
        )
        told = pa.table({HASH: hashes, TRUTH: pa.array(np.where(random.random(rows) < score, "1", "0"))})
        for name, some, held in (("p", table, predictions), ("l", told, labels)):
            body, (part,) = partition.write(some, np.full(rows, day))
            (folder / f"{name}{n}").write_bytes(body)
            kind = BatchKind.PREDICTIONS if name == "p" else BatchKind.LABELS
            held.append(
                replace(whole, id=f"{name}{n}", kind=kind, day=part.day, digest=f"{name}{n}", rows=rows)
            )
    return observing.Log.of(predictions, labels)
