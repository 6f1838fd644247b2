"""Webhooks over REST: added with a secret shown once, told of a real release, delivered again by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from app.api import webhooks
from core.platform.access import commands as access
from core.platform.notices import work
from core.platform.store import SYSTEM, Actor
from tests.app.rest import asking, claimed

V1 = "/api/v1"


@pytest.fixture
def client(store, monkeypatch):
    claimed(store, monkeypatch)
    with asking(store, webhooks) as client:
        yield client


def bearer(store, *roles):
    with store.unit_of_work(SYSTEM) as uow:
        who = access.add_person(uow, name="P", email=f"{roles[0]}@example.org", roles=list(roles))
    with store.unit_of_work(Actor(who, "person", frozenset(roles))) as uow:
        _id, text = access.create_token(
            uow, label="t", roles=list(roles), expires_at=uow.now + timedelta(days=1)
        )
    return {"authorization": f"Bearer {text}"}


def test_an_administrator_adds_looks_and_sends_again(client, store):
    admin = bearer(store, "administrator")
    body = {"label": "Deployer", "url": "http://127.0.0.1:1/x", "kinds": ["release.*"]}
    made = client.post(f"{V1}/webhooks", json=body, headers=admin)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    listed = client.get(f"{V1}/webhooks", headers=admin).json()
    assert [w["label"] for w in listed] == ["Deployer"]
    assert "secret" not in listed[0]
    hook = f"{V1}/webhooks/{listed[0]['id']}"
    assert client.post(f"{hook}/test", headers=admin).status_code == 202
    work.carry_waiting(store)
    (sent,) = client.get(f"{hook}/deliveries", headers=admin).json()
    # Loopback is not allowed in this installation: judged, not spoken to.
    assert [a["problem"] for a in sent["attempts"]] == ["private_address"]
    assert client.post(f"{V1}/deliveries/{sent['id']}", headers=admin).status_code == 202
    assert client.patch(hook, json={"active": False}, headers=admin).json()["active"] is False
    assert client.post(f"{V1}/deliveries/{sent['id']}", headers=admin).status_code == 409
    assert client.post(f"{hook}/secret", headers=admin).json()["secret"] != made.json()["secret"]
    assert client.delete(hook, headers=admin).status_code == 204
    assert client.get(f"{hook}/deliveries", headers=admin).status_code == 404
    assert datetime.fromisoformat(sent["created_at"]).tzinfo == UTC


def test_others_may_neither_read_nor_write(client, store):
    other = bearer(store, "compliance")
    assert client.get(f"{V1}/webhooks", headers=other).status_code == 403
    assert (
        client.post(
            f"{V1}/webhooks", json={"label": "x", "url": "https://a.example"}, headers=other
        ).status_code
        == 403
    )
    wrong = {"label": "x", "url": "https://a.example", "kinds": ["person.*"]}
    assert (
        client.post(f"{V1}/webhooks", json=wrong, headers=bearer(store, "administrator")).status_code == 422
    )
