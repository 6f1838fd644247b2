"""The migrations build exactly the tables that the code declares, on both engines, from empty, and again."""

from datetime import datetime

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Date, DateTime, LargeBinary, MetaData, String, Table, func, inspect, select, text
from sqlmodel import SQLModel

from core.platform.store import Store
from core.platform.store.engine import connect
from core.platform.store.migrate import declared, import_tables, is_current, upgrade

FIRST = "2026_11_23_a"


def test_tables_and_migrations_agree(any_store: Store) -> None:
    import_tables()
    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": declared}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_upgrading_again_changes_nothing(any_store: Store) -> None:
    assert is_current(any_store.engine)
    upgrade(any_store.engine)
    assert is_current(any_store.engine)


def test_a_table_with_rows_that_others_point_to_may_be_copied(store: Store, monkeypatch) -> None:
    with store.engine.begin() as connection:
        for statement in (
            "CREATE TABLE owner (id TEXT PRIMARY KEY)",
            "CREATE TABLE thing (owner TEXT NOT NULL REFERENCES owner (id))",
            "INSERT INTO owner VALUES ('a')",
            "INSERT INTO thing VALUES ('a')",
        ):
            connection.exec_driver_sql(statement)

    def copied(configuration, _revision) -> None:
        connection = configuration.attributes["connection"]
        for statement in (
            "CREATE TABLE fresh (id TEXT PRIMARY KEY, name TEXT)",
            "INSERT INTO fresh (id) SELECT id FROM owner",
            "DROP TABLE owner",
            "ALTER TABLE fresh RENAME TO owner",
        ):
            connection.exec_driver_sql(statement)

    monkeypatch.setattr("alembic.command.upgrade", copied)
    upgrade(store.engine, "next")
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("SELECT id, name FROM owner").all() == [("a", None)]


def _one_row_each(connection) -> dict[str, int]:
    """Fill every empty table with one row; what refers to another table refers to its row. Return how many there are."""
    metadata = MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            continue
        connection.execute(
            table.insert(), {c.name: _value(c) for c in table.columns if not c.nullable or c.foreign_keys}
        )
    return _counts(connection, metadata.tables.values())


def _value(column):
    if column.foreign_keys or isinstance(column.type, String):
        return "[]" if column.name in {"columns", "notes"} else "x"
    if isinstance(column.type, Date | DateTime):
        moment = datetime(2026, 1, 1)  # noqa: DTZ001 - stored without a zone
        return moment.date() if isinstance(column.type, Date) else moment
    if isinstance(column.type, JSON):
        return []
    return b"" if isinstance(column.type, LargeBinary) else 0


def _counts(connection, tables) -> dict[str, int]:
    return {t.name: connection.execute(text(f'SELECT count(*) FROM "{t.name}"')).scalar_one() for t in tables}


def test_a_store_of_the_first_step_is_brought_to_the_newest_without_losing_a_row(tmp_path) -> None:
    engine, _reader = connect(f"sqlite:///{tmp_path}/old.db")
    upgrade(engine, FIRST)
    with engine.begin() as connection:
        before = _one_row_each(connection)
    upgrade(engine)
    assert is_current(engine)
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        kept = {name: n for name, n in before.items() if name in there and name != "alembic_version"}
        found = _counts(connection, [Table(name, MetaData()) for name in kept])
        assert {name: (n, found[name]) for name, n in kept.items() if found[name] < n} == {}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()
