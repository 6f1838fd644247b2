"""Bring a store to the newest form of its tables.

Alembic is loaded only when there is something to migrate: it costs a server 11 MB and most of a second.
"""

import pkgutil
import re
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, inspect

import core

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
OWN_OF_ENGINE = "search_words"
"""Words by entry: a virtual table with tables of its own on SQLite, an index on PostgreSQL."""
_STEP = re.compile(r"^(down_revision|revision)\b[^=]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def import_tables() -> None:
    """Import every `tables` module of the house, so that the metadata is whole."""
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.endswith(".tables"):
            import_module(module.name)


def declared(name: str | None, _kind: str, _parents: object = None) -> bool:
    """Say whether the code's tables are to account for a name: not for what one engine has of its own."""
    return not (name or "").startswith(OWN_OF_ENGINE)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations that are missing; safe to call at every start and from several processes.

    PostgreSQL takes an advisory lock for the time of the run; SQLite's writer lock does the same.
    """
    if revision == "head" and is_current(engine):
        return
    from alembic import command  # noqa: PLC0415 - see above

    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_lock(7000)")
            connection.commit()
        _references(connection, held=False)
        try:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
            _nothing_dangles(connection)
            connection.commit()
        finally:
            _references(connection, held=True)
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_unlock(7000)")
                connection.commit()


def _references(connection: Connection, *, held: bool) -> None:
    """Let go of SQLite's foreign keys while tables are copied and put in each other's place, as its manual says.

    Between transactions only, so past SQLAlchemy, which would begin one.
    """
    if connection.dialect.name != "sqlite":
        return
    connection.rollback()
    raw = connection.connection.dbapi_connection
    if raw is not None:
        raw.cursor().execute(f"PRAGMA foreign_keys={'ON' if held else 'OFF'}")


def _nothing_dangles(connection: Connection) -> None:
    """Look once at what nobody watched meanwhile."""
    if connection.dialect.name != "sqlite":
        return
    left = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if left:
        msg = f"a migration would leave rows that refer to nothing: {left[:5]}"
        raise RuntimeError(msg)


def is_current(engine: Engine) -> bool:
    """Say whether the store stands at the newest revision."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return found == [newest()]


@cache
def newest() -> str | None:
    """Return the newest revision that this code knows: the one that no other follows."""
    steps = [
        dict(_STEP.findall(path.read_text("utf-8"))) for path in sorted((FOLDER / "versions").glob("*.py"))
    ]
    followed = {step.get("down_revision") for step in steps}
    heads = [step["revision"] for step in steps if "revision" in step and step["revision"] not in followed]
    return heads[0] if len(heads) == 1 else None


def draft(message: str) -> str:
    """Write a migration from what changed in the tables, against an empty store at the head; return its path."""
    from alembic import command  # noqa: PLC0415 - see above

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


def _configuration() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER))
    configuration.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    return configuration
