"""Conversations over REST: about what exists, edited by who wrote it, settled by the team."""

import pytest

from app.api import comments
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1/comments"


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    return bench_on(store, hands)


@pytest.fixture
def client(bench):
    with asking(bench.store, comments) as client:
        yield client


def bearer(bench, name):
    return bearer_of(bench.store, bench.people[name])


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
