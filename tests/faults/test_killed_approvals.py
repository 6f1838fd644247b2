"""Whatever is killed under a load of approvals, process or database: nothing acknowledged is lost, nothing is half there."""

import random
import subprocess
import threading
import time

import pytest
from sqlalchemy import text

from core.platform.audit import queries as audit
from core.platform.notices.outbox import append
from core.platform.store import Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.browser.harness import ROOT, environment
from tests.core.decisions.conftest import bench_on
from tests.faults import approving
from tests.faults.cluster import Cluster

THREADS = 4


class Load:
    """The program that approves, and what it has acknowledged so far."""

    def __init__(self, store, threads=THREADS):
        self.acknowledged = []
        self.process = subprocess.Popen(
            approving.command(store, threads), cwd=ROOT, env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.acknowledged.append(line.strip())

    def wait_for(self, count, seconds=600):
        until = time.monotonic() + seconds
        while len(self.acknowledged) < count:
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read()[-3000:])
            assert time.monotonic() < until, "the load does not get on"
            time.sleep(0.005)

    def kill(self):
        self.process.kill()
        self.process.wait(20)
        self._reader.join(20)
        return self.acknowledged


def whole(store, acknowledged):
    """Every acknowledged approval is there; no vote without its event, no event without its vote; one version is live."""
    with store.engine.connect() as connection:
        votes = [
            r for (r,) in connection.execute(text("SELECT request_id FROM release_vote ORDER BY request_id"))
        ]
        signed = "SELECT subject_id FROM audit_event WHERE action = 'release.signed' ORDER BY subject_id"
        events = [r for (r,) in connection.execute(text(signed))]
        started = connection.execute(text("SELECT request_id, ended_at FROM deployment")).all()
        asked = connection.execute(text("SELECT count(*) FROM release_request")).scalar_one()
        told = connection.execute(
            text("SELECT count(*) FROM audit_event WHERE action = 'release.requested'")
        ).scalar_one()
    assert votes == events, "a change without its event, or an event without its change"
    assert len(votes) == len(set(votes))
    assert sorted(request for request, _ended in started) == votes, (
        "approved and not deployed, or the other way round"
    )
    assert sum(ended is None for _request, ended in started) == 1
    assert set(acknowledged) <= set(votes), "an acknowledged approval is lost"
    assert asked == told
    return len(votes)


def kill_the_process(store, kills, approvals, chance):
    acknowledged = []
    for n in range(kills):
        load = Load(store)
        load.wait_for(max(1, (approvals - len(acknowledged)) // (kills - n)))
        time.sleep(chance.random() * 0.05)  # somewhere within the next transaction
        acknowledged += load.kill()
        whole(store, acknowledged)
    return acknowledged


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("kills", "approvals"), [(3, 45), pytest.param(100, 10_000, marks=pytest.mark.long, id="100-10000")]
)
def test_sigkill_under_a_load_of_approvals(store, hands, kills, approvals):
    approving.prepare(bench_on(store, hands), THREADS)
    acknowledged = kill_the_process(store, kills, approvals, random.Random(11))
    there = whole(store, acknowledged)
    print(f"{kills} kills, {len(acknowledged)} acknowledged, {there} there")
    assert len(acknowledged) >= approvals
    with store.reading() as view:
        assert audit.verify(view).ok


@pytest.fixture
def private():
    cluster = Cluster()
    yield cluster
    cluster.end()


@pytest.mark.postgres
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("kills", "approvals"), [(2, 30), pytest.param(25, 2_500, marks=pytest.mark.long, id="25-2500")]
)
def test_postgres_itself_is_killed_under_load(private, tmp_path, hands, kills, approvals):
    store = Store(Settings(folder=str(tmp_path / "pg"), database_url=private.url), append, clock=hands)
    upgrade(store.engine)
    approving.prepare(bench_on(store, hands), THREADS)
    chance = random.Random(12)
    load = Load(store)
    for n in range(kills):
        load.wait_for((n + 1) * approvals // kills)
        time.sleep(chance.random() * 0.05)
        private.kill()
        time.sleep(0.3)
        private.start()
        store.engine.dispose()
        # what was acknowledged before the kill is there; the load goes on by itself meanwhile
        known = list(load.acknowledged)
        with store.engine.connect() as connection:
            votes = {r for (r,) in connection.execute(text("SELECT request_id FROM release_vote"))}
        assert set(known) <= votes
    load.wait_for(approvals + THREADS)  # it goes on after the last kill
    acknowledged = load.kill()
    there = whole(store, acknowledged)
    print(f"{kills} kills, {len(acknowledged)} acknowledged, {there} there")
    with store.reading() as view:
        assert audit.verify(view).ok
    store.close()
