"""SIGKILL to a real server: what was acknowledged is there after the restart, and work goes on."""

import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.assets.intake import queries as intake
from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs
from tests.browser.harness import ROOT, environment
from tests.served import open_folder, person, start, token

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def house(tmp_path):
    """A store with one use case, its author, and their token; the server is not started."""
    folder = tmp_path / "house"
    store = open_folder(folder)
    author = person(store, "author", "data_scientist")
    with store.unit_of_work(author) as uow:
        registry.create_use_case(
            uow,
            slug="credit",
            title="Credit",
            purpose="Decide loans",
            task=Task.BINARY,
            risk_tier=RiskTier.LOW,
            lawful_basis="contract",
        )
    yield folder, store, token(store, author)
    store.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model and a table with 20,000 rows: an evaluation long enough to be hit."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(20_000, 8)), columns=[f"x{n}" for n in range(8)])
    table["paid"] = (table["x0"] + rng.normal(size=len(table)) > 0).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        table.drop(columns="paid"), table["paid"]
    )
    skops.io.dump(model, folder / "model.skops")
    table.to_parquet(folder / "table.parquet", index=False)
    return folder / "model.skops", folder / "table.parquet"


def put(api, draft, kind, path, name=None):
    answer = api.put(f"drafts/{draft}/{kind}", params={"name": name or path.name}, content=path.read_bytes())
    assert answer.is_success, answer.text


def submit(api, draft):
    answer = api.post(
        f"drafts/{draft}/submit",
        json={"use_case": "credit", "label_column": "paid", "positive_label": "1", "model_name": "paid"},
    )
    assert answer.is_success, answer.text
    return answer.json()["job"]["id"]


def finished(store, job_id, patience=120):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with store.reading() as view:
            job = jobs.job(view, job_id)
        if job.over:
            return job
        time.sleep(0.2)
    raise AssertionError(f"{job.state}, {job.progress:.0%}, {job.message}, attempts {job.attempts}")


def assert_whole(folder, store):
    """The log verifies, from outside too, and no part of an upload is left."""
    verified = subprocess.run(
        [sys.executable, "-m", "app.cli", "audit", "verify", "--folder", str(folder)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    with store.reading() as view:
        assert audit.verify(view).ok
    assert [path.name for path in folder.rglob(".incoming-*")] == []


def test_in_the_middle_of_an_upload(house, files):
    folder, store, key = house
    model, table = files
    served = start(folder)
    try:
        served.ready()
        with served.api(key) as api:
            draft = api.post("drafts", json={}).json()["id"]
            put(api, draft, "table", table)  # acknowledged
            sent = threading.Event()

            def slowly():
                for _ in range(1000):
                    yield b"x" * 65_536
                    sent.set()
                    time.sleep(0.02)

            def push():
                with pytest.raises(httpx.TransportError):
                    api.put(f"drafts/{draft}/artifact", params={"name": "m.skops"}, content=slowly())

            pushing = threading.Thread(target=push)
            pushing.start()
            assert sent.wait(10)
            time.sleep(0.4)
            served.kill()
            pushing.join(20)
            assert not pushing.is_alive()
        with store.reading() as view:
            kept = intake.draft(view, draft)
        assert kept.table is not None
        assert kept.table.rows == 20_000
        assert kept.artifact is None
        served = start(folder)
        served.ready()
        assert_whole(folder, store)
        with served.api(key) as api:
            put(api, draft, "artifact", model)
            job = finished(store, submit(api, draft))
        assert job.problem is None
    finally:
        served.end()


@pytest.mark.parametrize("with_worker", [False, True], ids=["server", "server and worker"])
def test_in_the_middle_of_an_evaluation(house, files, with_worker):
    folder, store, key = house
    model, table = files
    served = start(folder)
    try:
        served.ready()
        with served.api(key) as api:
            draft = api.post("drafts", json={}).json()["id"]
            put(api, draft, "artifact", model)
            put(api, draft, "table", table)
            job_id = submit(api, draft)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with store.reading() as view:
                job = jobs.job(view, job_id)
            if job.state == "running":
                break
            time.sleep(0.01)
        assert job.state == "running"
        served.kill(worker=with_worker)
        with store.reading() as view:
            assert not jobs.job(view, job_id).over, "the kill came too late to prove anything"
        served = start(folder)
        served.ready()
        job = finished(store, job_id)
        assert job.problem is None
        assert job.attempts >= 2
        with store.reading() as view:
            version = registered.version_by_number(view, "credit", 1)
            evaluation = intake.evaluation(view, version.id)
            evaluated = [
                e for e in audit.events(view, subject_id=version.id, limit=500) if "evaluated" in e.action
            ]
        assert version.state == "ready"
        assert evaluation is not None
        assert evaluation.rows == 20_000
        assert len(evaluated) <= 1
        assert_whole(folder, store)
    finally:
        served.end()
