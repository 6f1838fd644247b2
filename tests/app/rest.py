"""The REST interface of some nouns over a store of the test, behind the real guard, and tokens to ask it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app import wiring
from app.addresses import Addresses
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from core.platform.access import commands as access
from core.platform.store import SYSTEM, Actor, Store
from tests.served import token


def claimed(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Let the process's store be this one, and the house be somebody's own."""
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
    return store


@contextmanager
def asking(store: Store, *nouns: ModuleType, prefix: str = "/api/v1") -> Iterator[TestClient]:
    """Open a client of the routes of `app.api` modules."""
    application = FastAPI()
    for noun in nouns:
        application.include_router(noun.router, prefix=prefix)
    answer_with_problems(application)
    guarded = Guard(application, Doors(store), Addresses.of(store.settings))
    with TestClient(guarded, base_url="http://127.0.0.1:8501") as client:
        yield client


def bearer_of(store: Store, holder: Actor) -> dict[str, str]:
    """Return the headers of a new token with all of somebody's roles."""
    return {"Authorization": f"Bearer {token(store, holder)}"}
