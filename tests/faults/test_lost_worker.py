"""A worker is lost at each step of a retraining: the next one goes on, and makes one challenger, not two."""

import contextlib
import time

import psutil
import pytest
from sqlmodel import select

from core.assets.intake.draft import JOB
from core.assets.registry import queries as registry
from core.decisions.retraining import commands, queries
from core.decisions.retraining.request import State
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs
from core.platform.jobs.state import JobState
from core.platform.jobs.tables import JobRow
from tests.core.decisions.retraining.conftest import loop_on, rows_of
from tests.faults.test_sigkill import assert_whole
from tests.served import open_folder, serving

pytestmark = pytest.mark.timeout(300)
STEPS = (queries.RUN_JOB, JOB, queries.COMPARE_JOB)
WHY = "The relation has turned; waiting costs more."


@pytest.mark.parametrize(
    "steps", [STEPS[:1], pytest.param(STEPS, marks=pytest.mark.long)], ids=["training", "every step"]
)
def test_a_retraining_survives_the_loss_of_its_worker(tmp_path, steps):
    folder = tmp_path / "house"
    store = open_folder(folder)
    loop = loop_on(store, None)
    loop.send(rows_of(3000, 2, turned=True), "2026-09-01", 60)
    ana, otto = loop.person("ana", "data_scientist"), loop.person("otto", "operations")
    try:
        with serving(folder) as served:
            proposed = loop.do(otto, commands.propose, loop.champion.use_case_id)
            for actor in (otto, ana):
                loop.do(actor, commands.answer, proposed, consents=True, reason=WHY)
            lost = [kind for kind in steps if lose_worker_at(store, served, kind)]
            found = settled(store, proposed)
        assert lost == list(steps)
        assert (found.state, found.problem) == (State.DONE, None)
        with store.reading() as view:
            made = registry.versions(view, loop.champion.use_case_id)
            actions = [e.action for e in audit.events(view, subject_id=proposed)]
        assert {one.number: one.id == found.challenger for one in made} == {1: False, 2: True}
        for action in ("decided", "challenger_registered", "compared"):
            assert actions.count(f"retraining.{action}") == 1, actions
        assert_whole(folder, store)
    finally:
        store.close()


def lose_worker_at(store, served, kind):
    """Kill the worker as soon as it is at a job of this kind; say whether the job was still to be done then."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with store.reading() as view:
            job_id = view.exec(
                select(JobRow.id).where(JobRow.kind == kind, JobRow.state == JobState.RUNNING.value)
            ).first()
        if job_id is None:
            time.sleep(0.005)
            continue
        for child in psutil.Process(served.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        with store.reading() as view:
            return not jobs.job(view, job_id).over
    raise AssertionError(f"no worker came to {kind}")


def settled(store, retraining_id):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with store.reading() as view:
            found = queries.retraining(view, retraining_id)
        if not found.open:
            return found
        time.sleep(0.2)
    raise AssertionError(found.state)
