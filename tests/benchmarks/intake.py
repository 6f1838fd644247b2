"""Intake: how fast a file is read without loading it, what an isolated call costs, and what a large evaluation takes."""

import itertools
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import joblib
import numpy as np
import pandas as pd
import psutil
from sklearn.ensemble import RandomForestClassifier

from core.assets.datasets import queries as datasets
from core.assets.datasets.schema import infer
from core.assets.intake import assessing, reading, verdict
from core.assets.intake.formats import Format
from core.assets.intake.matching import Claims
from core.assets.intake.measuring import Question
from core.assets.intake.runner import Runner
from core.assets.registry import Task
from tests.served import open_folder, person, serving, token

CALLS = 100
ROWS, COLUMNS = 1_000_000, 40
UPLOAD, CHUNK = 1 << 30, 1 << 20


def scan(folder: Path) -> Iterator[Mapping[str, float]]:
    """Read a random forest of about 35 MB inertly."""
    path = _forest(folder, 35_000_000)
    while True:
        with path.open("rb") as file:
            begin = time.perf_counter()
            found = verdict.judge(file, Format.JOBLIB)
            yield {"scan": time.perf_counter() - begin, "forest, MB": path.stat().st_size / 1e6}
        if found.verdict is not verdict.Verdict.KNOWN:
            raise RuntimeError(found)


def isolated_call(folder: Path) -> Iterator[Mapping[str, float]]:
    """Fork, lock, load a small model and predict ten rows, a hundred times."""
    path = _forest(folder, 100_000)
    rows = pd.DataFrame(np.zeros((10, 20)), columns=[f"c{i}" for i in range(20)])
    with Runner() as runner:
        runner.predict(path, "joblib", rows)
        while True:
            spans = []
            for _ in range(CALLS):
                begin = time.perf_counter()
                runner.predict(path, "joblib", rows)
                spans.append((time.perf_counter() - begin) * 1e3)
            yield {"isolated_call": statistics.median(spans), "isolated call, p95 ms": sorted(spans)[94]}


def large_joblib(folder: Path) -> Iterator[Mapping[str, float]]:
    """Judge, load and ask a 200 MB model; the peak is that of this process, the helper and its children together."""
    path = _forest(folder, 200_000_000)
    rows = pd.DataFrame(np.zeros((1000, 20)), columns=[f"c{i}" for i in range(20)])
    for _ in itertools.count():
        with Runner() as runner, _Peak() as peak:
            begin = time.perf_counter()
            read = reading.judged(runner, path, "joblib")
            runner.inspect(path, "joblib", trusted=read.trusted)
            runner.predict(path, "joblib", rows, trusted=read.trusted)
            seconds = time.perf_counter() - begin
        yield {
            "large_joblib": peak.bytes / 2**20,
            "large joblib, MB": path.stat().st_size / 1e6,
            "large joblib, s": seconds,
        }


def large_evaluation(folder: Path) -> Iterator[Mapping[str, float]]:
    """Evaluate 1,000,000 rows × 40 columns with LightGBM, from the stored table; its own predicting is taken off."""
    import lightgbm

    generator = np.random.default_rng(3)
    names = [f"c{i}" for i in range(COLUMNS)]
    table = pd.DataFrame(generator.normal(size=(ROWS, COLUMNS)), columns=names)
    table["y"] = (table.c0 + generator.normal(size=ROWS) > 0).astype(int)
    model = lightgbm.LGBMClassifier(n_estimators=50, verbose=-1, n_jobs=1).fit(
        table[names][:50_000], table.y[:50_000]
    )
    path = folder / "model.txt"
    model.booster_.save_model(path)
    store = open_folder(folder / "house")
    source = folder / "table.parquet"
    table.to_parquet(source, index=False)
    digest = store.files.put_path(source).digest
    del table
    with Runner(seconds=300) as runner:
        while True:
            begin = time.perf_counter()
            rows = datasets.frame(store.files, digest)
            infer(rows)
            read = reading.judged(runner, path, "lightgbm")
            claims = Claims.read(runner.inspect(path, "lightgbm", trusted=read.trusted).meta)
            found = assessing.assess(
                runner,
                path,
                "lightgbm",
                rows,
                Question(Task.BINARY, "y"),
                trusted=read.trusted,
                claims=claims,
            )
            total = time.perf_counter() - begin
            yield {
                "large_evaluation": total - found.predict_seconds,
                "large evaluation, the model itself, s": found.predict_seconds,
                "large evaluation, memory of a child, MiB": found.memory_mb,
            }


def large_upload(folder: Path) -> Iterator[Mapping[str, float]]:
    """Send 1 GiB through the REST interface; what counts is by how much the server's own process grows."""
    house = folder / "house"
    store = open_folder(house)
    key = token(store, person(store, "author", "data_scientist"))

    def body() -> Iterator[bytes]:
        yield b"tree\n" + bytes(CHUNK - 5)
        for _ in range(UPLOAD // CHUNK - 1):
            yield bytes(CHUNK)

    with serving(house) as served:
        own = psutil.Process(served.process.pid)
        while True:
            with served.api(key) as api:
                draft = api.post("drafts", json={}).raise_for_status().json()["id"]
                before = own.memory_info().rss
                begin = time.perf_counter()
                with _Peak(own, children=False) as peak:
                    said = api.put(
                        f"drafts/{draft}/artifact", params={"name": "m.txt"}, content=body(), timeout=240
                    )
                said.raise_for_status()
            yield {
                "large_upload": (peak.bytes - before) / 1e6,
                "large upload, s": time.perf_counter() - begin,
            }


def command(folder: Path) -> Iterator[Mapping[str, float]]:
    """`aval scan` of a small file, from the shell to its exit."""
    path = _forest(folder, 100_000)
    while True:
        begin = time.perf_counter()
        child = os.posix_spawn(
            sys.executable, [sys.executable, "-m", "app.cli", "scan", str(path)], os.environ
        )
        os.waitpid(child, 0)
        yield {"scan_command": time.perf_counter() - begin}


class _Peak:
    """The largest memory of a process, watched while the block runs: with its children, each for its own share."""

    def __init__(self, process: psutil.Process | None = None, *, children: bool = True) -> None:
        self.bytes = 0
        self._process = process or psutil.Process()
        self._children = children
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = self._process
        while not self._over.wait(0.01):
            if not self._children:
                self.bytes = max(self.bytes, own.memory_info().rss)
                continue
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


def _forest(folder: Path, size: int) -> Path:
    """Save a random forest of about `size` bytes; trees are alike, so a few are trained and repeated."""
    path = folder / f"forest-{size}.joblib"
    if path.exists():
        return path
    generator = np.random.default_rng(1)
    few = size < 1_000_000
    X = pd.DataFrame(
        generator.normal(size=(300 if few else 20_000, 20)), columns=[f"c{i}" for i in range(20)]
    )
    y = (X.c0 + generator.normal(size=len(X)) > 0).astype(int)
    model = RandomForestClassifier(2 if few else 10, n_jobs=1, random_state=0).fit(X, y)
    joblib.dump(model, path)
    model.n_estimators = max(1, round(model.n_estimators * size / path.stat().st_size))
    model.estimators_ = [
        joblib.load(_kept(folder, tree))
        for _, tree in zip(range(model.n_estimators), itertools.cycle(model.estimators_))
    ]
    joblib.dump(model, path)
    return path


def _kept(folder: Path, tree: object) -> Path:
    path = folder / "tree.joblib"
    joblib.dump(tree, path)
    return path
