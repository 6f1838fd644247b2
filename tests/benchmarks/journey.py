"""From the first byte of an upload to a version that can be requested: 10 MB model, 20,000 rows."""

import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import skops.io
from sklearn.ensemble import RandomForestClassifier

from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.evidence.explain import queries as explained
from core.platform.jobs import queries as jobs
from core.platform.jobs.state import JobState
from core.platform.store import Store
from tests.served import open_folder, person, serving, token

ROWS = 20_000
MODEL_BYTES = 10_000_000
PATIENCE = 240.0


def upload_to_explained(folder: Path) -> Iterator[Mapping[str, float]]:
    """Through the REST interface of a real server; each turn sends another model."""
    house = folder / "house"
    store = open_folder(house)
    author = person(store, "author", "data_scientist")
    key = token(store, author)
    with store.unit_of_work(author) as uow:
        registry.create_use_case(
            uow,
            slug="bench",
            title="Bench",
            purpose="Measure",
            task=Task.BINARY,
            risk_tier=RiskTier.HIGH,
            lawful_basis="contract",
        )
    table = _table(folder)
    with serving(house) as served:
        for turn in itertools.count(1):
            model = _model(folder, turn)
            begin = time.perf_counter()
            with served.api(key) as api:
                draft = api.post("drafts", json={}).json()["id"]
                for kind, path in (("artifact", model), ("table", table)):
                    with path.open("rb") as file:
                        api.put(
                            f"drafts/{draft}/{kind}", params={"name": path.name}, content=file, timeout=60
                        ).raise_for_status()
                said = {
                    "use_case": "bench",
                    "label_column": "paid",
                    "positive_label": "1",
                    "model_name": "bench",
                }
                version = (
                    api.post(f"drafts/{draft}/submit", json=said).raise_for_status().json()["version"]["id"]
                )
            evaluated = _until(store, version, begin, explanation=False)
            total = _until(store, version, begin, explanation=True)
            _calm(store)
            yield {"journey": total, "evaluated after, s": evaluated, "model, MB": model.stat().st_size / 1e6}


def _until(store: Store, version: str, begin: float, *, explanation: bool) -> float:
    while time.perf_counter() - begin < PATIENCE:
        with store.reading() as view:
            found = registered.version(view, version)
            done = explained.explanation(view, version) is not None if explanation else found.state == "ready"
        if found.refusal is not None:
            raise RuntimeError(found.refusal.text())
        if done:
            return time.perf_counter() - begin
        time.sleep(0.05)
    raise RuntimeError(f"not done after {PATIENCE} s")


def _calm(store: Store) -> None:
    """Wait until the worker has done everything that one upload leads to: the next one is timed alone."""
    until = time.perf_counter() + PATIENCE
    while time.perf_counter() < until:
        with store.reading() as view:
            left = jobs.counts(view)
        if not left[JobState.QUEUED] and not left[JobState.RUNNING]:
            return
        time.sleep(0.2)
    raise RuntimeError(f"the worker is not done after {PATIENCE} s")


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(ROWS, 12)), columns=[f"x{n}" for n in range(12)])
    table["paid"] = (table["x0"] + table["x1"] * table["x2"] + rng.normal(size=ROWS) > 0).astype(int)
    return table


def _table(folder: Path) -> Path:
    path = folder / "table.parquet"
    _rows().to_parquet(path, index=False)
    return path


def _model(folder: Path, seed: int) -> Path:
    """A forest grown until its file has the size that is asked for."""
    rows = _rows()
    path = folder / f"model{seed}.skops"
    forest = RandomForestClassifier(
        max_depth=12, n_estimators=1, random_state=seed, warm_start=True, n_jobs=2
    )
    features, label = rows.drop(columns="paid"), rows["paid"]
    skops.io.dump(forest.fit(features, label), path)
    while path.stat().st_size < MODEL_BYTES:
        forest.n_estimators = max(
            forest.n_estimators + 1, round(forest.n_estimators * MODEL_BYTES / path.stat().st_size)
        )
        skops.io.dump(forest.fit(features, label), path)
    return path
