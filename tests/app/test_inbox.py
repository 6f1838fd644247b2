"""The inbox over REST: what waits, handing on and putting off, what was told, and how one wants to be told."""

from datetime import timedelta

import pytest

from app.api import comments, inbox
from core.overview.inbox import work
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1"


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    found = bench_on(store, hands)
    work.step(store)
    return found


@pytest.fixture
def client(bench):
    with asking(bench.store, inbox) as client:
        yield client


@pytest.fixture
def talking(bench):
    with asking(bench.store, comments) as client:
        yield client


def bearer(bench, name):
    return bearer_of(bench.store, bench.people[name])


def test_an_item_is_handed_on_put_off_and_taken_up(client, bench):
    request = bench.request(bench.people["bea"], bench.version(bench.people["ana"]))
    otto, carl = bearer(bench, "otto"), bearer(bench, "carl")
    key = f"release:{request}"
    mine = client.get(f"{V1}/inbox", headers=otto).json()["mine"]
    assert key in {one["key"] for one in mine}
    assert next(one for one in mine if one["key"] == key)["page"] == "release_review"
    body = {"to": "per_carl", "note": "Yours, I think."}
    assert client.put(f"{V1}/inbox/{key}/handover", json=body, headers=otto).status_code == 204
    shown = client.get(f"{V1}/inbox", headers=carl).json()["mine"]
    held = next(one for one in shown if one["key"] == key)["handover"]
    assert (held["by"], held["note"], held["escalated"]) == ("per_otto", "Yours, I think.", False)
    wrong = client.put(f"{V1}/inbox/{key}/handover", json={"to": "per_carl", "escalated": True}, headers=otto)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "inbox.note")
    until = (bench.store.clock() + timedelta(days=2)).isoformat()
    assert client.put(f"{V1}/inbox/{key}/snooze", json={"until": until}, headers=carl).status_code == 204
    assert key in {one["key"] for one in client.get(f"{V1}/inbox", headers=carl).json()["put_off"]}
    assert client.delete(f"{V1}/inbox/{key}/snooze", headers=carl).status_code == 204
    assert client.delete(f"{V1}/inbox/{key}/snooze", headers=carl).status_code == 404
    nothing = client.put(f"{V1}/inbox/release:none/handover", json=body, headers=otto)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "inbox.unknown")


def test_a_mention_is_told_and_read(client, talking, bench):
    request = bench.request(bench.people["bea"], bench.version(bench.people["ana"]))
    otto, carl = bearer(bench, "otto"), bearer(bench, "carl")
    about = {"subject_kind": "release", "subject_id": request}
    first = talking.post(f"{V1}/comments", json={**about, "text": "@[per_otto] look"}, headers=carl).json()
    assert first["mentions"] == ["per_otto"]
    answer = talking.post(
        f"{V1}/comments",
        json={**about, "text": "I do", "parent_id": first["id"], "anchor": "gate:metric_floor"},
        headers=otto,
    ).json()
    assert (answer["parent_id"], answer["anchor"]) == (first["id"], "gate:metric_floor")
    path = f"{V1}/comments/{first['id']}/reactions/agree"
    assert talking.put(path, headers=otto).json()["reactions"] == {"agree": ["per_otto"]}
    assert talking.put(path, headers=otto).json()["reactions"] == {"agree": ["per_otto"]}
    assert talking.delete(path, headers=otto).json()["reactions"] == {}
    for wrong in ({"anchor": "elsewhere:x"}, {"parent_id": "cmt_none"}, {"text": "@[per_ghost]"}):
        refused = talking.post(f"{V1}/comments", json={**about, "text": "x", **wrong}, headers=carl)
        assert refused.status_code == 422, wrong
    work.catch_up(bench.store)
    told = client.get(f"{V1}/notices?unread=true", headers=otto).json()
    mention = next(one for one in told if one["kind"] == "mention")
    assert mention["query"] == {"release": request}
    assert client.put(f"{V1}/notices/{mention['id']}/read", headers=otto).status_code == 204
    assert mention["id"] not in {
        one["id"] for one in client.get(f"{V1}/notices?unread=true", headers=otto).json()
    }


def test_preferences_are_kept_and_checked(client, bench):
    otto = bearer(bench, "otto")
    path = f"{V1}/notification-preferences"
    usual = client.get(path, headers=otto).json()
    assert usual["ways"]["mention"] == "now"
    body = {"ways": {"mention": "never"}, "quiet_from": 1200, "quiet_to": 420, "zone": "America/Sao_Paulo"}
    assert client.put(path, json=body, headers=otto).status_code == 200
    kept = client.get(path, headers=otto).json()
    assert (kept["ways"]["mention"], kept["ways"]["sign"], kept["quiet_to"]) == ("never", "now", 420)
    wrong = client.put(path, json={"zone": "Nowhere"}, headers=otto)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "preferences.zone")
