"""The demo organisation, seeded once for a whole run of tests, however many processes share it, and copied for each use."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.harness import ROOT, environment


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
            words = [sys.executable, "-m", "app.cli", "demo", "--seed-only", "--folder", str(whole)]
            made = subprocess.run(
                words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=900, check=False
            )
            assert made.returncode == 0, f"{made.stdout[-3000:]}\n{made.stderr[-3000:]}"
            done.touch()
    copied = factory.mktemp("demo") / "demo"
    shutil.copytree(whole, copied)
    return copied
