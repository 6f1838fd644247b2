"""Databases of their own on the PostgreSQL server that tests are given."""

import contextlib
import secrets
from collections.abc import Iterator

from sqlalchemy import create_engine, text


@contextlib.contextmanager
def database(server: str, *, template: str = "") -> Iterator[str]:
    """A database, empty or a copy of `template`, that is dropped afterwards; its address."""
    name = f"aval_{secrets.token_hex(6)}"
    _told(server, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield _driver(server).rsplit("/", 1)[0] + "/" + name
    finally:
        _told(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _told(server: str, statement: str) -> None:
    engine = create_engine(_driver(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
