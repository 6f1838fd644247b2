"""Conversations over REST: about what exists, edited by who wrote it, settled by the team."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app import wiring
from app.addresses import Addresses
from app.api import comments
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from core.platform.access import commands as access
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1/comments"


@pytest.fixture
def bench(store, hands, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
    return bench_on(store, hands)


@pytest.fixture
def client(bench):
    application = FastAPI()
    application.include_router(comments.router, prefix="/api/v1")
    answer_with_problems(application)
    guarded = Guard(application, Doors(bench.store), Addresses.of(bench.store.settings))
    with TestClient(guarded, base_url="http://127.0.0.1:8501") as asking:
        yield asking


def bearer(bench, name):
    person = bench.people[name]
    with bench.store.unit_of_work(person) as uow:
        _id, text = access.create_token(
            uow, label="t", roles=sorted(person.roles), expires_at=uow.now + timedelta(days=1)
        )
    return {"authorization": f"Bearer {text}"}


def test_a_conversation_about_a_release(client, bench):
    request = bench.request(bench.people["ana"], bench.version(bench.people["ana"]))
    ana, carl = bearer(bench, "ana"), bearer(bench, "carl")
    about = {"subject_kind": "release", "subject_id": request}
    made = client.post(V1, json={**about, "text": "Why so slow?"}, headers=carl)
    assert made.status_code == 201
    one = f"{V1}/{made.json()['id']}"
    assert client.put(one, json={"text": "x"}, headers=ana).status_code == 403
    assert (
        client.put(one, json={"text": "Why this slow?"}, headers=carl).json()["earlier"][0]["text"]
        == "Why so slow?"
    )
    assert (
        client.put(f"{one}/resolved", json={"resolved": True}, headers=ana).json()["resolved_by"] == "per_ana"
    )
    (listed,) = client.get(V1, params=about, headers=ana).json()
    assert (listed["text"], listed["author"]) == ("Why this slow?", "per_carl")
    assert client.put(f"{one}/resolved", json={"resolved": False}, headers=ana).json()["resolved_at"] is None


def test_about_nothing_nothing_is_said(client, bench):
    ana = bearer(bench, "ana")
    for kind, status in (("release", 404), ("kitchen", 422), ("version", 404), ("use_case", 404)):
        body = {"subject_kind": kind, "subject_id": "none", "text": "hello"}
        assert client.post(V1, json=body, headers=ana).status_code == status
    assert (
        client.get(V1, params={"subject_kind": "release", "subject_id": "none"}, headers=ana).status_code
        == 404
    )
