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
