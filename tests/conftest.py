"""Fixtures for every test: stores on both engines, actors, shared data; strict mode turns a skip into a failure."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import create_engine

from core.ids import new_id
from core.platform.notices.outbox import append
from core.platform.store import Actor, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.postgres import database

hypothesis.settings.register_profile("aval", deadline=None)
hypothesis.settings.load_profile("aval")

STRICT = os.environ.get("AVAL_TEST_STRICT") == "1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under AVAL_TEST_STRICT=1: {report.longrepr}"


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated, empty SQLite store that each test copies."""
    folder = tmp_path_factory.mktemp("empty")
    store = Store(Settings(folder=str(folder)), append)
    upgrade(store.engine)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return folder / "aval.db"


def open_sqlite(empty: Path, folder: Path, clock: Callable[[], datetime]) -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "aval.db").write_bytes(empty.read_bytes())
    return Store(Settings(folder=str(folder)), append, clock=clock)


@pytest.fixture
def another_store(empty_sqlite: Path, tmp_path: Path, hands: Hands) -> Iterator[Callable[[], Store]]:
    """Open further empty SQLite stores."""
    opened: list[Store] = []

    def make() -> Store:
        opened.append(open_sqlite(empty_sqlite, tmp_path / f"another{len(opened)}", hands))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def store(empty_sqlite: Path, tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A migrated, empty SQLite store with a clock that the test moves (`hands`)."""
    store = open_sqlite(empty_sqlite, tmp_path / "store", hands)
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    url = os.environ.get("AVAL_TEST_POSTGRES", "")
    if not url:
        pytest.skip("AVAL_TEST_POSTGRES names no PostgreSQL server")
    return url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """One migrated database that each test clones."""
    with database(postgres_server) as url:
        engine = create_engine(url)
        upgrade(engine)
        engine.dispose()
        yield url.rsplit("/", 1)[1]


@pytest.fixture
def postgres_store(
    postgres_server: str, postgres_template: str, tmp_path: Path, hands: Hands
) -> Iterator[Store]:
    """A migrated, empty PostgreSQL store."""
    with postgres_clone(postgres_server, postgres_template, tmp_path, hands) as store:
        yield store


@contextmanager
def postgres_clone(
    server: str, template: str, folder: Path, clock: Callable[[], datetime]
) -> Iterator[Store]:
    """Open a clone of the template, and drop it afterwards."""
    with database(server, template=template) as url:
        store = Store(Settings(folder=str(folder / "pg"), database_url=url), append, clock=clock)
        yield store
        store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_store(request: pytest.FixtureRequest) -> Store:
    """The same test on both engines: the contract suite."""
    return request.getfixturevalue("store" if request.param == "sqlite" else "postgres_store")


@pytest.fixture
def actor() -> Callable[..., Actor]:
    """Make an actor with the named roles: `actor("data_scientist")`; `id=` names it."""

    def make(*roles: str, id: str | None = None, kind: str = "person", via: str = "page") -> Actor:  # noqa: A002
        return Actor(id or new_id("per"), kind, frozenset(roles), via)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets."""
    folder = os.environ.get("AVAL_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("AVAL_TEST_DATA names no folder of shared data sets")
    return Path(folder).resolve()
