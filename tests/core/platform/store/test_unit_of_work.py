"""The contract of the store: the same on SQLite and PostgreSQL."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from core.errors import Invalid, Refused
from core.platform.audit import queries as audit
from core.platform.store import Store


def test_change_and_event_are_committed_together(any_store: Store, actor) -> None:
    with any_store.unit_of_work(actor("viewer")) as uow:
        uow.record("thing.made", "thing", "t1", {"n": 1})
        uow.record("thing.named", "thing", "t1")
    with any_store.reading() as session:
        found = audit.events(session, subject_id="t1")
        assert [e.action for e in found] == ["thing.named", "thing.made"]
        assert audit.verify(session).ok
        assert audit.head(session)[0] == 2


def test_an_error_leaves_no_event(any_store: Store, actor) -> None:
    with pytest.raises(Invalid), any_store.unit_of_work(actor()) as uow:
        uow.record("thing.made", "thing", "t1")
        raise Invalid("thing.bad", "bad")
    with any_store.reading() as session:
        assert audit.head(session)[0] == 0


def test_a_refusal_survives_the_rollback(any_store: Store, actor) -> None:
    who = actor("viewer")
    with pytest.raises(Refused), any_store.unit_of_work(who) as uow:
        uow.record("thing.made", "thing", "t1")
        raise Refused("thing.no", "no {name}", name="Ana", subject_kind="thing", subject_id="t1")
    with any_store.reading() as session:
        (event,) = audit.events(session)
    assert (event.action, event.actor_id, event.subject_id, dict(event.data)) == (
        "refused",
        who.id,
        "t1",
        {"code": "thing.no"},
    )
    assert "Ana" not in event.body


def test_calls_after_commit_run_once_and_only_then(any_store: Store, actor) -> None:
    heard = []
    with any_store.unit_of_work(actor()) as uow:
        uow.after_commit(lambda: heard.append(1))
        assert heard == []
    assert heard == [1]


def test_reading_cannot_write(any_store: Store) -> None:
    with any_store.reading() as session, pytest.raises(DatabaseError):
        session.execute(text("DELETE FROM job"))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_event SET body = 'x'", "DELETE FROM audit_event", "UPDATE audit_event SET idx = 7"],
)
def test_the_database_refuses_to_change_the_log(any_store: Store, actor, statement: str) -> None:
    with any_store.unit_of_work(actor()) as uow:
        uow.record("thing.made", "thing", "t1")
    with pytest.raises(DatabaseError, match="append-only"), any_store.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_threads_append_without_gap_or_loss(any_store: Store, actor) -> None:
    def write(n: int) -> None:
        for i in range(10):
            with any_store.unit_of_work(actor()) as uow:
                uow.record("thing.made", "thing", f"{n}-{i}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with any_store.reading() as session:
        found = audit.verify(session)
    assert (found.ok, found.size) == (True, 60)
