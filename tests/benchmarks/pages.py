"""The demo's pages: how soon the first one is there, and how they hold under twenty people."""

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil

from core.decisions.releases import queries as released
from core.platform.access import queries as people
from tests.benchmarks import sessions
from tests.browser.harness import PAGES, ROOT, environment
from tests.served import Served, cookie, open_folder, serving, start

SESSIONS = 20
THINK = 5.0


def second_start(folder: Path) -> Iterator[Mapping[str, float]]:
    """`aval demo` over a store that is seeded, to the first page drawn in a session."""
    seed(folder)
    key = _cookies(folder, 1)[0]
    for _ in itertools.count():
        served = start(folder, command="demo")
        try:
            served.ready()
            httpx.get(f"{served.url}/", headers={"Cookie": key}).raise_for_status()
            sessions.drive(served.url, [key], [""], turns=0, think=0)
            yield {"start_second": time.monotonic() - served.began}
        finally:
            served.end()


def under_load(folder: Path) -> Iterator[Mapping[str, float]]:
    """Twenty sessions, five seconds of thought, every page twice in each."""
    seed(folder)
    while True:
        keys = _cookies(folder, SESSIONS)
        with serving(folder, command="demo") as served:
            pages = [*PAGES, *_records(folder)]
            sessions.drive(served.url, keys[:1], pages, turns=len(pages), think=0)  # warm: imports, caches
            times = sessions.drive(served.url, keys, pages, turns=2 * len(pages), think=THINK)
            figures = {
                "page_p95": times.percentile(0.95),
                "server_memory": _resident(served),
                "page p50 ms": times.percentile(0.5),
                "pages with an exception": float(len(times.failures)),
            }
            worst = {page: sorted(spans)[int(len(spans) * 0.95)] for page, spans in times.pages.items()}
            figures |= {
                f"p95 of /{page.strip('/').split('=')[0]}, ms": ms for page, ms in sorted(worst.items())
            }
            for failure in sorted(set(times.failures)):
                sys.stderr.write(f"{failure}\n")
        yield figures


def _resident(served: Served) -> float:
    return psutil.Process(served.process.pid).memory_info().rss / 2**20


def seed(folder: Path) -> None:
    """Build the demo in `folder`, or copy the one that `BENCH_DEMO` names."""
    kept = Path(environment().get("BENCH_DEMO", ""))  # a seeded folder to copy, while working on a page
    if kept.name and (kept / "aval.db").exists():
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        return
    subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--seed-only", "--folder", str(folder)],
        cwd=ROOT,
        env=environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _cookies(folder: Path, count: int) -> list[str]:
    store = open_folder(folder)
    try:
        with store.reading() as view:
            actors = [people.actor(view, p.id, "page") for p in people.people(view)]
        return [cookie(store, actors[n % len(actors)]) for n in range(count)]
    finally:
        store.close()


def _records(folder: Path) -> list[str]:
    """The release that waits, by what it shows in the address."""
    store = open_folder(folder)
    try:
        with store.reading() as view:
            waiting = released.open_releases(view)
        return [f"release_review?release={found.id}" for found in waiting[:1]]
    finally:
        store.close()
