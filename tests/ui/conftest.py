"""A house for page tests: the test's own store behind every page."""

import pytest

from app import wiring
from core.decisions.releases import commands as releases
from core.platform.store import SYSTEM, Store


@pytest.fixture
def house(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A migrated store with the shipped policies, read and written by pages in this process."""
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
    return store
