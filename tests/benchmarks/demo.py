"""The demo organisation: its data and models alone, then all of it."""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from data.demo import credit, models
from tests.browser.harness import ROOT, environment


def generate(folder: Path) -> Iterator[Mapping[str, float]]:
    """Generate the applications and train every model, imports done."""
    while True:
        begin = time.perf_counter()
        rows = credit.applications(date(2026, 11, 23))
        for make in (
            models.scorecard,
            models.boosted,
            models.refreshed,
            models.rebuilt_elsewhere,
            models.poisoned,
        ):
            make(rows, folder)
        models.tumour(folder)
        models.progression(folder)
        yield {"generate": time.perf_counter() - begin}


def seed(folder: Path) -> Iterator[Mapping[str, float]]:
    """`aval demo --seed-only` from an empty folder, process start included."""
    for turn in itertools.count():
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "app.cli", "demo", "--seed-only", "--folder", str(folder / str(turn))],
            cwd=ROOT,
            env=environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield {"demo_seed": time.perf_counter() - begin}
