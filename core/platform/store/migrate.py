"""Bring a store to the newest form of its tables."""

import pkgutil
import tempfile
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

import core

FOLDER = Path(__file__).parent / "migrations"


def import_tables() -> None:
    """Import every `tables` module of the house, so that the metadata is whole."""
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.endswith(".tables"):
            import_module(module.name)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations that are missing; safe to call at every start and from several processes.

    PostgreSQL takes an advisory lock for the time of the run; SQLite's writer lock does the same.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_lock(7000)")
            connection.commit()
        try:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
            connection.commit()
        finally:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_unlock(7000)")
                connection.commit()


def is_current(engine: Engine) -> bool:
    """Say whether the store stands at the newest revision."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == newest()


def newest() -> str | None:
    """Return the newest revision that this code knows."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def draft(message: str) -> str:
    """Write a migration from what changed in the tables, against an empty store at the head; return its path."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/draft.db")
        upgrade(engine)
        with engine.connect() as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            script = command.revision(configuration, message, autogenerate=True)
        engine.dispose()
    if script is None or isinstance(script, list):
        msg = "alembic wrote no single revision"
        raise RuntimeError(msg)
    return str(script.path)


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    configuration.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    return configuration
