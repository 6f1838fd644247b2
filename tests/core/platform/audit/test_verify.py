"""Whoever edits the database is found: the recomputation names the first entry at fault."""

import pytest

from core.platform.audit import queries as audit
from core.platform.store import Store

EDITS = [
    ("UPDATE audit_event SET body = replace(body, 'made', 'mode') WHERE idx = 4", 4),
    ("UPDATE audit_event SET action = 'thing.lost' WHERE idx = 5", 5),
    ("DELETE FROM audit_event WHERE idx = 3", 3),
    ("DELETE FROM audit_event WHERE idx >= 7", 7),
    ("UPDATE audit_event SET time = '2020-01-01T00:00:00.000000Z' WHERE idx = 2", 2),
    ("UPDATE audit_event SET leaf = (SELECT leaf FROM audit_event WHERE idx = 1) WHERE idx = 0", 0),
]


def drop_triggers(store: Store) -> None:
    with store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER ALL")


@pytest.mark.parametrize(("edit", "index"), EDITS)
def test_an_edit_by_raw_sql_is_found(any_store: Store, actor, edit: str, index: int) -> None:
    for n in range(9):
        with any_store.unit_of_work(actor()) as uow:
            uow.record("thing.made", "thing", f"t{n}")
    drop_triggers(any_store)
    with any_store.engine.begin() as connection:
        connection.exec_driver_sql(edit)
    with any_store.reading() as session:
        found = audit.verify(session)
    assert (found.ok, found.first_bad) == (False, index)


def test_a_consistent_rewrite_of_one_entry_breaks_the_root(store: Store, actor) -> None:
    from core.platform.audit.merkle import leaf_hash

    for n in range(5):
        with store.unit_of_work(actor()) as uow:
            uow.record("thing.made", "thing", f"t{n}")
    drop_triggers(store)
    with store.engine.begin() as connection:
        body = connection.exec_driver_sql("SELECT body FROM audit_event WHERE idx = 2").scalar_one()
        forged = body.replace('"via":"page"', '"via":"api"')
        assert forged != body
        connection.exec_driver_sql(
            "UPDATE audit_event SET body = ?, leaf = ? WHERE idx = 2", (forged, leaf_hash(forged.encode()))
        )
    with store.reading() as session:
        assert audit.verify(session).ok is False
