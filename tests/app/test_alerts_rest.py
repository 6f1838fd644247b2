"""Alerts, rules and incidents over REST, behind the real guard: the same commands as the pages."""

from datetime import timedelta

import pytest

from app.api import alerts, incidents
from core.evidence.alerts import queries
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.store import SYSTEM
from tests.app.rest import asking, bearer_of, claimed
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent


@pytest.fixture
def client(store, monkeypatch):
    claimed(store, monkeypatch)
    with asking(store, alerts, incidents) as client:
        yield client


@pytest.fixture
def bearer(store):
    def make(*roles: str, service: bool = False) -> tuple[str, dict[str, str]]:
        name = ".".join(roles)
        with store.unit_of_work(SYSTEM) as uow:
            person_id = access.add_person(uow, name=name, email=f"{name}@example.org", roles=roles)
        with store.reading() as view:
            holder = people.actor(view, person_id, "page")
        return person_id, bearer_of(store, holder)

    return make


def test_from_alert_to_closed_incident(client, store, bearer):
    it = ready_version(store)
    it.send(sent(credit(900, 2, shift=0.9), "2026-09-01", 20, "a"))
    with store.reading() as view:
        found = queries.alerts(view, version_id=it.version_id)[0]
    me, key = bearer("operations")
    boss, _theirs = bearer("business")
    at = f"/api/v1/alerts/{found.id}"
    assert client.post(f"{at}/assign", json={"owner": boss}, headers=key).json()["owner"] == boss
    until = store.clock() + timedelta(days=3)
    snoozed = client.post(
        f"{at}/snooze", json={"until": until.isoformat(), "reason": "Waits for data."}, headers=key
    )
    assert snoozed.json()["care"] == "snoozed"
    far = {"until": (store.clock() + timedelta(days=300)).isoformat(), "reason": "Later."}
    assert client.post(f"{at}/snooze", json=far, headers=key).json()["code"] == "alert.snooze_span"
    assert client.post(f"{at}/wake", headers=key).json()["care"] == "acknowledged"
    assert client.post(f"{at}/wake", headers=key).status_code == 409
    assert (
        client.post(f"{at}/escalate", json={"to": me, "reason": "Me?"}, headers=key).json()["code"]
        == "alert.to_oneself"
    )
    assert (
        client.post(f"{at}/escalate", json={"to": boss, "reason": "Decide."}, headers=key).json()["care"]
        == "escalated"
    )
    assert client.get(f"/api/v1/alert/{found.id}", headers=key).json()["escalated_at"]
    told = {
        "use_case": "credit", "version": 1, "title": "Income moved", "severity": "high", "owner": boss,
        "began_at": (store.clock() - timedelta(days=1)).isoformat(), "alerts": [found.id],
    }  # fmt: skip
    made = client.post("/api/v1/incidents", json=told, headers=key)
    assert made.status_code == 201
    path = f"/api/v1/incidents/{made.json()['id']}"
    assert client.post(f"{path}/notes", json={"text": "Confirmed."}, headers=key).status_code == 201
    assert client.post(f"{path}/close", json={"text": "short"}, headers=key).status_code == 422
    closed = client.post(f"{path}/close", json={"text": "Retrained and released again."}, headers=key).json()
    assert (closed["state"], closed["alerts"]) == ("closed", [found.id])
    assert client.post(f"{path}/notes", json={"text": "More."}, headers=key).status_code == 409
    assert [one["id"] for one in client.get("/api/v1/incidents", headers=key).json()] == [closed["id"]]
    early = {**told, "began_at": (store.clock() + timedelta(days=1)).isoformat()}
    assert client.post("/api/v1/incidents", json=early, headers=key).json()["code"] == "incident.moments"


def test_rules_are_replayed_and_published_by_who_may(client, store, bearer):
    it = ready_version(store)
    it.send(sent(credit(900, 2, shift=0.9), "2026-09-01", 20, "a"))
    _me, key = bearer("operations")
    _other, theirs = bearer("data_scientist")
    (shipped,) = client.get("/api/v1/alert-rules/credit", headers=key).json()
    assert shipped["in_force"]
    assert shipped["published_at"] is None
    (now,) = client.post(
        "/api/v1/alert-rules/credit/replay", json={"text": shipped["text"]}, headers=key
    ).json()
    assert {one["subject"] for one in now["alerts"]} >= {"income"}
    assert next(one["day"] for one in now["alerts"] if one["rule"] == "input_drift") == "2026-09-30"
    calm = (
        shipped["text"].replace("limit = 0.2\n", "limit = 9\n").replace('version = "2026.2"', 'version = "2"')
    )
    (then,) = client.post("/api/v1/alert-rules/credit/replay", json={"text": calm}, headers=key).json()
    assert {one["rule"] for one in then["alerts"]} <= {"out_of_range"}
    assert client.post("/api/v1/alert-rules/credit", json={"text": calm}, headers=theirs).status_code == 403
    made = client.post("/api/v1/alert-rules/credit", json={"text": calm}, headers=key)
    assert (made.status_code, made.json()["version"]) == (201, "2")
    assert client.post("/api/v1/alert-rules/credit", json={"text": calm}, headers=key).status_code == 409
    wrong = client.post(
        "/api/v1/alert-rules/credit", json={"text": calm.replace('"psi"', '"psii"')}, headers=key
    )
    assert wrong.status_code == 422
    assert "psii" in wrong.text
    it.work()
    with store.reading() as view:
        left = {a.rule for a in queries.alerts(view, version_id=it.version_id, only_open=True)}
    assert left <= {"out_of_range"}
