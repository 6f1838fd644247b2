"""A backup taken during writes holds one moment whole; restored on either engine it has the same root."""

import threading
from pathlib import Path

import pytest

from core.errors import Conflict, Invalid
from core.platform.audit import queries as audit
from core.platform.jobs import commands as jobs
from core.platform.jobs import queries as job_queries
from core.platform.store import Store
from core.platform.store.backup import backup, restore, scrub


def fill(store: Store, actor, n: int) -> None:
    for i in range(n):
        with store.unit_of_work(actor("operations")) as uow:
            jobs.enqueue(uow, "k", "thing", f"t{i}", {"n": i})
            uow.record("thing.made", "thing", f"t{i}", {"digest": uow.files.put_bytes(b"%d" % i).digest})


def test_restored_elsewhere_it_is_the_same(any_store: Store, another_store, tmp_path: Path, actor) -> None:
    fill(any_store, actor, 12)
    manifest = backup(any_store, tmp_path / "backup")
    assert (manifest.rows["audit_event"], manifest.rows["job"], manifest.files) == (12, 12, 12)
    other = another_store()
    restore(other, tmp_path / "backup")
    with any_store.reading() as a, other.reading() as b:
        assert audit.head(a) == audit.head(b)
        assert audit.verify(b).ok
        job_id = job_queries.waiting(a)[0]
        assert job_queries.job(a, job_id) == job_queries.job(b, job_id)
    assert sorted(any_store.files.digests()) == sorted(other.files.digests())
    with pytest.raises(Conflict, match="in use"):
        restore(other, tmp_path / "backup")
    fill(other, actor, 1)
    with other.reading() as session:
        assert audit.verify(session).size == 13


def test_during_writes_it_is_one_moment(any_store: Store, another_store, tmp_path: Path, actor) -> None:
    fill(any_store, actor, 5)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            fill(any_store, actor, 1)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(3):
            manifest = backup(any_store, tmp_path / f"backup{n}")
            assert manifest.rows["audit_event"] == manifest.rows["job"]
            other = another_store()
            restore(other, tmp_path / f"backup{n}")
            with other.reading() as session:
                assert audit.verify(session).ok
                for event in audit.events(session):
                    assert other.files.exists(event.data["digest"])
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_an_altered_file_is_refused_and_found_by_the_scrub(
    store: Store, another_store, tmp_path: Path, actor
) -> None:
    fill(store, actor, 2)
    backup(store, tmp_path / "backup")
    digest = next(store.files.digests())
    (tmp_path / "backup" / "files" / digest[:2] / digest).write_bytes(b"other")
    with pytest.raises(Invalid, match="not what its name says"):
        restore(another_store(), tmp_path / "backup")
    assert scrub(store) == []
    store.files.path(digest).write_bytes(b"rot")
    assert scrub(store) == [digest]
    with pytest.raises(Invalid, match="no backup"):
        restore(store, tmp_path)
