"""Identity is remembered for three seconds and no longer; a rush of assets asks the store once."""

import asyncio

import pytest

from app.doors import REMEMBER_SECONDS, Doors
from core.platform.access import commands, ways_in
from core.platform.store import SYSTEM


class Ticks:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def asked(store, monkeypatch):
    """Counts the reads of the store."""
    counts = []
    real = store.reading
    monkeypatch.setattr(store, "reading", lambda: counts.append(1) or real())
    return counts


@pytest.fixture
def key(store):
    with store.unit_of_work(SYSTEM) as uow:
        person = commands.add_person(uow, name="Ana", email="ana@example.org", roles=["viewer"])
        return ways_in.open_session(uow, person, "password")


def end_all(store):
    with store.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE session SET ended_at = '2026-01-01 00:00:00'")
        connection.exec_driver_sql("COMMIT")


def test_sixty_assets_at_once_ask_once(store, key, asked, ticks):
    async def rush():
        doors = Doors(store, ticks=ticks)
        return await asyncio.gather(*(doors.session(key, active=True) for _ in range(60)))

    assert all(asyncio.run(rush()))
    assert len(asked) == 1


def test_an_end_is_seen_after_three_seconds_and_at_once_where_told(store, key, ticks):
    async def watch():
        doors = Doors(store, ticks=ticks)
        assert await doors.session(key, active=True)
        end_all(store)
        assert await doors.session(key, active=True)
        doors.forget(key)
        assert await doors.session(key, active=True) is None

        return doors

    asyncio.run(watch())


def test_memory_ends(store, key, ticks):
    async def watch():
        doors = Doors(store, ticks=ticks)
        assert await doors.session(key, active=True)
        end_all(store)
        ticks.now += REMEMBER_SECONDS
        assert await doors.session(key, active=True) is None

    asyncio.run(watch())


def test_limits_hold_within_the_memory(store, key, ticks, hands):
    async def watch():
        doors = Doors(store, ticks=ticks)
        assert await doors.session(key, active=True)
        hands.forward(minutes=30)
        assert await doors.session(key, active=True) is None

    asyncio.run(watch())


def test_use_is_noted_once_a_minute_and_only_a_persons(store, key, ticks, hands):
    def seen():
        with store.engine.connect() as connection:
            return connection.exec_driver_sql("SELECT seen_at FROM session").scalar_one()

    async def use(*, active, seconds):
        doors = Doors(store, ticks=ticks)
        hands.forward(seconds=seconds)
        assert await doors.session(key, active=active)
        return seen()

    first = seen()
    assert asyncio.run(use(active=True, seconds=59)) == first
    assert asyncio.run(use(active=False, seconds=600)) == first
    assert asyncio.run(use(active=True, seconds=1)) != first
