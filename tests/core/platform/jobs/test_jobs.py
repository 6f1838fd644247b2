"""Background work: claimed once, taken over when its worker dies, failed with words a person can use."""

import pytest

from core.errors import Invalid, Unavailable
from core.i18n import N_
from core.platform.jobs import commands, queries
from core.platform.jobs.carrier import JsonSerializer
from core.platform.jobs.handling import run, run_waiting
from core.platform.jobs.queue import Queue
from core.platform.jobs.state import LOST_AFTER, JobState
from core.platform.store import SYSTEM, Store
from core.settings import Settings


def enqueue(store: Store, actor, kind: str = "k") -> str:
    with store.unit_of_work(actor("operations")) as uow:
        return commands.enqueue(uow, kind, "version", "v1", {"a": 1})


def state(store: Store, job_id: str):
    with store.reading() as session:
        return queries.job(session, job_id)


def test_a_job_is_done_once(any_store: Store, actor) -> None:
    job_id = enqueue(any_store, actor)
    seen = []
    handlers = {"k": lambda context: (context.progress(0.5, N_("half")), seen.append(dict(context.payload)))}
    assert run(any_store, handlers, job_id, "w1") is True
    assert run(any_store, handlers, job_id, "w2") is False
    found = state(any_store, job_id)
    assert (seen, found.state, found.progress, found.message) == ([{"a": 1}], JobState.DONE, 1.0, "half")


def test_an_error_is_kept_in_words(any_store: Store, actor) -> None:
    job_id = enqueue(any_store, actor)

    def fail(context) -> None:
        raise Invalid("x.bad", N_("The column {name} is empty."), fix=N_("Fill it."), name="age")

    run(any_store, {"k": fail}, job_id, "w")
    found = state(any_store, job_id)
    assert found.state is JobState.FAILED
    assert (found.problem.text(), found.problem.fix_text(), found.problem.code) == (
        "The column age is empty.",
        "Fill it.",
        "x.bad",
    )


def test_a_bug_says_nothing_of_itself(any_store: Store, actor) -> None:
    job_id = enqueue(any_store, actor)
    run(any_store, {"k": lambda context: 1 / 0}, job_id, "w")
    found = state(any_store, job_id)
    assert found.problem.code == "job.failed"
    assert "division" not in str(found.problem)


def test_what_may_pass_is_tried_three_times(any_store: Store, actor) -> None:
    enqueue(any_store, actor)
    tries = []

    def away(context) -> None:
        tries.append(1)
        raise Unavailable("x.away", "away")

    run_waiting(any_store, {"k": away})
    assert len(tries) == 3


def test_a_dead_workers_job_is_taken_over(any_store: Store, actor, hands) -> None:
    job_id = enqueue(any_store, actor)
    for attempt in range(1, 4):
        with any_store.unit_of_work(SYSTEM) as uow:
            assert commands.claim(uow, job_id, f"w{attempt}") is not None
        with any_store.unit_of_work(SYSTEM) as uow:
            assert commands.sweep(uow) == []
        hands.now += LOST_AFTER * 1.1
        with any_store.unit_of_work(SYSTEM) as uow:
            assert commands.sweep(uow) == ([job_id] if attempt < 3 else [])
    assert state(any_store, job_id).problem.code == "job.lost"


def test_the_queue_carries_json_and_hears_only_what_was_committed(tmp_path, actor, store: Store) -> None:
    settings = Settings(folder=str(tmp_path / "q"))
    sender, heard = Queue(settings), []
    store.announce = sender.announce
    with pytest.raises(ZeroDivisionError), store.unit_of_work(actor()) as uow:
        commands.enqueue(uow, "k", "version", "v1")
        raise ZeroDivisionError
    job_id = enqueue(store, actor)
    receiver = Queue(settings, heard.append)
    while (task := receiver.huey.dequeue()) is not None:
        receiver.huey.execute(task)
    assert heard == [job_id]
    with pytest.raises(ValueError):
        JsonSerializer().deserialize(b"\x80\x04cos\nsystem\n.")
