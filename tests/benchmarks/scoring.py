"""Scoring over REST by the demo's live model: one row, a thousand rows, and a steady hundred requests a second."""

import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pandas as pd

from core.assets.datasets import queries as datasets
from core.assets.registry.version import Version
from core.decisions.releases.effective import live
from core.decisions.serving.inference import DATATYPE_OF
from core.platform.access import queries as people
from core.platform.access.permissions import Role
from tests.benchmarks.pages import seed
from tests.served import open_folder, serving, token

WARM, SINGLE, LARGE = 20, 200, 10
CLIENTS, RATE, SECONDS = 16, 100, 20


def infer(folder: Path) -> Iterator[Mapping[str, float]]:
    """Medians of one row and of 1,000 in ms; answers a second, asked for at a steady rate whatever comes back."""
    seed(folder)
    store = open_folder(folder)
    with store.reading() as view:
        found = live(view, "credit", "production")
        assert found is not None
        who = next(p for p in people.people(view) if Role.DATA_SCIENTIST in p.roles)
        holder = people.actor(view, who.id, "page")
    key = token(store, holder)
    version = found.version
    rows = version.features_of(datasets.frame(store.files, version.table_digest))
    store.close()
    one, many = (_body(rows.iloc[:n], version) for n in (1, 1000))
    with serving(folder, command="demo") as served:
        while True:
            with httpx.Client(
                base_url=f"{served.url}/api/v2/models/credit/",
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
                limits=httpx.Limits(max_keepalive_connections=CLIENTS),
            ) as client:
                for _ in range(WARM):
                    _ask(client, one)
                single = [_ask(client, one) for _ in range(SINGLE)]
                large = [_ask(client, many) for _ in range(LARGE)]
                spans = _steady(client, one)
            yield {
                "infer_one": statistics.median(single),
                "infer_thousand": statistics.median(large),
                "infer_rate": len(spans) / SECONDS,
                "steady p50 ms": statistics.median(spans),
                "steady p95 ms": sorted(spans)[int(len(spans) * 0.95)],
            }


def _steady(client: httpx.Client, body: Mapping[str, object]) -> list[float]:
    """Ask `RATE` times a second for `SECONDS`; return the spans, in ms from when each was due, of what came in time."""
    begin = time.monotonic()
    spans: list[float] = []
    turns = iter(range(RATE * SECONDS))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            due = begin + turn / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            _ask(client, body)
            now = time.monotonic()
            if now - begin <= SECONDS + 0.5:
                spans.append((now - due) * 1e3)

    clients = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return spans


def _ask(client: httpx.Client, body: Mapping[str, object]) -> float:
    begin = time.perf_counter()
    client.post("infer", json=body).raise_for_status()
    return (time.perf_counter() - begin) * 1e3


def _body(rows: pd.DataFrame, version: Version) -> dict[str, object]:
    plain = rows.astype(object).where(rows.notna(), None)
    return {
        "inputs": [
            {
                "name": c.name,
                "shape": [len(rows)],
                "datatype": DATATYPE_OF[c.kind],
                "data": plain[c.name].tolist(),
            }
            for c in version.signature.features
        ]
    }
