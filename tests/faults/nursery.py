"""A process that has loaded everything, and forks one child after another to be killed at its work.

Reads a line per child: the folder, the number of its first batch, and the file in which it notes what was acknowledged.
"""

import os
import sys
from itertools import count
from pathlib import Path

from app.wiring import open_store
from core.evidence.monitoring import tidying, work
from core.evidence.monitoring.batches import BatchKind
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Actor
from core.settings import Settings
from tests.core.evidence.monitoring.conftest import credit, sent, told

ROWS = 40
SENDER = Actor("per_sender", "person", frozenset({"data_scientist"}))
VERSION = "ver_credit"


def batch(number: int) -> tuple[bytes, bytes]:
    """Make one batch of predictions and its labels; the first half of the rows was sent before, with the last batch."""
    frame = credit(ROWS * 2, 7)
    rows = sent(frame, "2026-09-01", 3, "x")
    first = (number - 1) * ROWS // 2
    ids = [f"row-{first + i}" for i in range(ROWS)]
    rows = rows.iloc[:ROWS].assign(prediction_id=ids)
    labels = told(frame.iloc[:ROWS], "x").assign(prediction_id=ids)
    return tuple(f.to_json(orient="records", lines=True).encode() for f in (rows, labels))


def labour(folder: str, first: int, notes: str) -> None:
    store = open_store(Settings(folder=folder))
    out = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(out, b"begun\n")
    for number in count(first):
        for kind, body in zip(BatchKind, batch(number), strict=True):
            digest = store.files.put_bytes(body).digest
            work.take(store, SENDER, VERSION, kind, digest, "ndjson")
            os.write(out, f"{kind.value} {number}\n".encode())
        work.profile(JobContext(store, "job_none", SYSTEM, {"version_id": VERSION}))
        if number % 2:
            for kind in BatchKind:
                tidying.compact(store, VERSION, kind, fewest=2)
            tidying.tidy(JobContext(store, "job_none", SYSTEM, {"version_id": VERSION}))
        os.write(out, b"round\n")


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        folder, first, notes = line.split()
        child = os.fork()
        if not child:
            labour(folder, int(first), str(Path(notes)))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
