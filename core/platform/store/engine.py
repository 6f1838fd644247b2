"""Connections: SQLite in WAL by default, PostgreSQL for a team."""

from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "recursive_triggers=ON",
    "secure_delete=ON",
    "cache_size=-4000",
)


def connect(url: str) -> tuple[Engine, Engine]:
    """Return the engine that writes and the one that reads.

    On SQLite every writing transaction begins IMMEDIATE, so that a decision is taken on what it will be
    committed against; reading ones begin deferred and are refused any write. PostgreSQL uses one pool for both.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, begin="BEGIN IMMEDIATE", read_only=False), _sqlite(
            url, begin="BEGIN", read_only=True
        )
    engine = create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    return engine, engine


def _sqlite(url: str, *, begin: str, read_only: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    def prepare(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine
