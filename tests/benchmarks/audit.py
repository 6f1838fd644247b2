"""The log: how fast it grows under 8 threads, against what the disk can make durable, and how fast it is proved."""

import itertools
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.platform.audit import queries
from core.platform.store import SYSTEM, Store
from tests.served import open_folder

THREADS = 8
SECONDS = 3.0
EVENTS = 100_000
BATCH = 2_000


def append_rate(folder: Path) -> Iterator[Mapping[str, float]]:
    """One event per transaction from 8 threads, as a share of the disk's fdatasync rate."""
    store = open_folder(folder)
    for _ in itertools.count():
        disk = _fdatasync_rate(folder / "probe")
        rate, p99 = _appended(store)
        yield {
            "audit_append": rate / disk,
            "disk, fdatasync/s": disk,
            "append, events/s": rate,
            "audit_p99": p99,
        }


def verify_rate(folder: Path) -> Iterator[Mapping[str, float]]:
    """Recompute a log of 100,000 events."""
    store = open_folder(folder)
    for start in range(0, EVENTS, BATCH):
        with store.unit_of_work(SYSTEM) as uow:
            for n in range(start, start + BATCH):
                uow.record("bench.event", "thing", f"thing_{n}", {"n": n, "digest": "0" * 64})
    while True:
        begin = time.perf_counter()
        with store.reading() as view:
            found = queries.verify(view)
        if not found.ok or found.size < EVENTS:
            raise RuntimeError(found)
        yield {"audit_verify": found.size / (time.perf_counter() - begin)}


def _appended(store: Store) -> tuple[float, float]:
    until = time.perf_counter() + SECONDS
    spans: list[float] = []

    def work() -> None:
        while (begin := time.perf_counter()) < until:
            with store.unit_of_work(SYSTEM) as uow:
                uow.record("bench.event", "thing", "thing_1", {"n": 1})
            spans.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begin
    return len(spans) / elapsed, sorted(spans)[int(len(spans) * 0.99)] * 1000


def _fdatasync_rate(path: Path) -> float:
    with path.open("wb", buffering=0) as file:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < 1.0:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - begin)
