"""Policies over REST: read by all, previewed by all, published by who may; never by a service."""

from datetime import timedelta
from importlib.resources import files

import pytest

from app.api import policies
from core.decisions.releases.drafting import with_version
from core.platform.access import commands as access
from tests.app.rest import asking, claimed
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1/policies"
TEXT = files("data").joinpath("policies", "limited-production.toml").read_text(encoding="utf-8")


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    return bench_on(store, hands)


@pytest.fixture
def client(bench):
    with asking(bench.store, policies) as client:
        yield client


def bearer(bench, name, kind="person"):
    person = bench.people[name]
    with bench.store.unit_of_work(person) as uow:
        _id, text = access.create_token(
            uow, label="t", roles=sorted(person.roles), expires_at=uow.now + timedelta(days=1), kind=kind
        )
    return {"authorization": f"Bearer {text}"}


def test_read_preview_publish(client, bench):
    bench.version(bench.people["ana"])
    ana, carl = bearer(bench, "ana"), bearer(bench, "carl")
    listed = client.get(V1, headers=ana).json()
    assert {(p["tier"], p["environment"]) for p in listed} >= {("limited", "production"), ("high", "staging")}
    text = with_version(TEXT, "2026.2")
    seen = client.post(f"{V1}/preview", json={"text": text}, headers=ana).json()
    assert [(m["use_case"], m["version"], m["live"]) for m in seen["models"]] == [("credit", 1, False)]
    assert client.post(V1, json={"text": text}, headers=ana).status_code == 403
    bench.hands.forward(seconds=1)
    made = client.post(V1, json={"text": text}, headers=carl)
    assert made.status_code == 201
    assert made.json()["digest"] == seen["digest"]
    assert client.get(f"{V1}/{seen['digest']}", headers=ana).json()["text"] == text
    assert client.post(V1, json={"text": text}, headers=carl).status_code == 409
    assert len(client.get(f"{V1}?in_force=false", headers=ana).json()) == len(listed) + 1
    wrong = client.post(V1, json={"text": text.replace("limited", "grave")}, headers=carl)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "tier")
