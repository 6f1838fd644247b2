"""The migrations build exactly the tables that the code declares, on both engines, from empty, and again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from core.platform.store import Store
from core.platform.store.migrate import import_tables, is_current, upgrade


def test_tables_and_migrations_agree(any_store: Store) -> None:
    import_tables()
    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
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
