"""The demo organisation, seeded once for a whole run of tests, however many processes share it, and copied for each use.

The seeding is killed on the way and asked for again, so that every test that uses it stands on one that was resumed.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser.harness import ROOT, environment

KILLED = (3, 7)
"""After these parts of the story, as the command counts them."""


def seeded_by_command(folder: Path, *, kill_after: Sequence[int] = ()) -> None:
    """Seed the demo as its command does; SIGKILL it shortly after each of these parts, and begin again."""
    words = [sys.executable, "-m", "app.cli", "demo", "--seed-only", "--folder", str(folder)]
    for part in kill_after:
        with subprocess.Popen(
            words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert any(line.strip().startswith(f"{part}/") for line in process.stdout)
            time.sleep(0.35)
            process.kill()
    made = subprocess.run(
        words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    assert made.returncode == 0, f"{made.stdout[-3000:]}\n{made.stderr[-3000:]}"


def seeded_copy(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the seeded demo that nobody else writes to; the first caller waits for the seeding."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    whole, done = base / "seeded-demo", base / "seeded-demo.done"
    with (base / "seeded-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(whole, ignore_errors=True)
            seeded_by_command(whole, kill_after=KILLED)
            done.touch()
    copied = factory.mktemp("demo") / "demo"
    shutil.copytree(whole, copied)
    return copied
