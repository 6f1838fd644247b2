"""SIGKILL while batches enter the log, are profiled and merged: every acknowledged row is there exactly once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from core.evidence.monitoring import queries, work
from core.evidence.monitoring.batches import ID, BatchKind
from core.evidence.monitoring.logged import read_parts
from core.platform.audit import queries as audit
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store
from tests.browser.harness import ROOT, environment
from tests.core.evidence.monitoring.conftest import ready_version
from tests.faults.nursery import ROWS, VERSION
from tests.served import open_folder

LONGEST_ROUND = 3.0


@pytest.fixture
def nursery():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.wait(20)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("points", [8, pytest.param(100, marks=pytest.mark.long)])
def test_every_acknowledged_row_is_there_once(points, nursery, tmp_path):
    folder = tmp_path / "house"
    store = open_folder(folder)
    ready_version(store)
    notes = tmp_path / "notes"
    notes.touch()
    chance = random.Random(points)
    length = 0.0
    killed_in = Counter()
    for _ in range(points):
        before = notes.read_text().splitlines()
        first = 1 + max((int(line.split()[1]) for line in before if " " in line), default=0)
        nursery.stdin.write(f"{folder} {first} {notes}\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline())
        begun = _await(notes, before, "begun")
        if not length:
            # The first one works through a whole round undisturbed: that is how long one takes here.
            length = _await(notes, before, "round") - begun
        time.sleep(chance.uniform(0, min(1.3 * length, LONGEST_ROUND)))
        os.kill(child, signal.SIGKILL)
        lines = notes.read_text().splitlines()[len(before) :]
        killed_in[lines[-1].split()[0]] += 1
        _check(store, notes)
    print(dict(killed_in))
    assert len(killed_in) > 1, "every kill fell into the same moment"
    store.close()


def _await(notes: Path, before: list[str], word: str) -> float:
    until = time.monotonic() + 60
    while word not in notes.read_text().splitlines()[len(before) :]:
        assert time.monotonic() < until
        time.sleep(0.005)
    return time.monotonic()


def _check(store: Store, notes: Path) -> None:
    acknowledged: dict[BatchKind, set[str]] = {kind: set() for kind in BatchKind}
    for line in notes.read_text().splitlines():
        if " " in line:
            kind, number = line.split()
            first = (int(number) - 1) * ROWS // 2
            acknowledged[BatchKind(kind)] |= {f"row-{first + i}" for i in range(ROWS)}
    work.profile(JobContext(store, "job_none", SYSTEM, {"version_id": VERSION}))
    with store.reading() as view:
        assert audit.verify(view).ok
        parts = {kind: queries.parts(view, VERSION, kind) for kind in BatchKind}
        days = queries.rows_by_day(view, VERSION)
    for kind, held in parts.items():
        ids = Counter(read_parts(store.files, held, [ID]).column(0).to_pylist()) if held else Counter()
        assert acknowledged[kind] <= ids.keys(), kind
        if kind == BatchKind.PREDICTIONS:
            assert max(ids.values(), default=1) == 1
            assert sum(days.values()) == len(ids)
