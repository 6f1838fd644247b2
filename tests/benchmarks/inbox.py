"""Inbox and overview of a house with 1,000 use cases and 10,000 open findings, their texts sealed by 20 authors."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import text

from app import wiring
from core.decisions.findings.severity import FindingState, Severity
from core.decisions.findings.tables import FindingRow
from core.overview.inbox.queries import inbox
from core.overview.portfolio import portfolio
from core.platform.access.personal import seal_text
from core.platform.store import SYSTEM, Actor, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.benchmarks import fleet

ITEMS, AUTHORS, TURNS = 10_000, 20, 30
READER = Actor("per_reader", "person", frozenset({"operations", "compliance"}))


def waiting(folder: Path) -> Iterator[Mapping[str, float]]:
    """Time both queries in this process, warm; each tenth item is the reader's own."""
    store = wiring.open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    fleet.fill(store)
    _open(store)
    while True:
        with store.reading() as view:
            assert len(inbox(view, READER, store.clock()).mine) >= ITEMS // 10
        gc.collect()
        gc.freeze()  # as the server does once it has started
        yield {
            "inbox_p95": _p95(store, lambda view: inbox(view, READER, store.clock())),
            "overview_p95": _p95(store, lambda view: portfolio(view, READER, store.clock())),
        }


def _p95(store: Store, read: Callable[[object], object]) -> float:
    spans = []
    for _turn in range(TURNS):
        start = time.perf_counter()
        with store.reading() as view:
            read(view)
        spans.append((time.perf_counter() - start) * 1e3)
    return float(np.quantile(spans, 0.95))


def _open(store: Store) -> None:
    with store.unit_of_work(SYSTEM) as uow:
        versions = uow.session.execute(text("SELECT id, use_case_id FROM model_version ORDER BY id")).all()
        for n in range(ITEMS):
            version_id, use_case_id = versions[n % len(versions)]
            author = f"per_author{n % AUTHORS}"
            uow.session.add(
                FindingRow(
                    id=f"fnd_{n}", use_case_id=use_case_id, version_id=version_id, severity=list(Severity)[n % 3].value,
                    title=seal_text(uow, author, f"Finding {n}: a column leaks"),
                    text=seal_text(uow, author, "The target stands in a column. " * 5),
                    state=FindingState.OPEN.value, owner_id=READER.id if n % 10 == 0 else author,
                    due_at=uow.now + timedelta(days=n % 60 - 10), opened_by=author, opened_at=uow.now,
                )
            )  # fmt: skip
