"""Retraining over REST: policy, proposal, answers, and the version of a team's own pipeline."""

import pytest

from app.api import retraining
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.retraining.conftest import loop_on, rows_of

V1 = "/api/v1"
WHY = "The relation has turned; waiting costs more."


@pytest.fixture
def loop(store, monkeypatch):
    claimed(store, monkeypatch)
    return loop_on(store, None)


@pytest.fixture
def client(loop):
    with asking(loop.store, retraining) as client:
        yield client


def bearer(loop, name, role):
    return bearer_of(loop.store, loop.person(name, role))


def test_from_the_policy_to_the_decision(client, loop):
    ana, otto = bearer(loop, "ana", "data_scientist"), bearer(loop, "otto", "operations")
    path = f"{V1}/use-cases/credit/retraining-policy"
    assert client.get(path, headers=ana).json()["set_by"] == ""
    wrong = client.put(path, json={"areas": ["operations", "business"]}, headers=otto)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "retraining.areas")
    held = client.put(
        path, json={"every_days": 90, "areas": ["data_scientist", "operations"]}, headers=otto
    ).json()
    assert (held["every_days"], held["set_by"]) == (90, "per_otto")

    made = client.post(f"{V1}/retraining", json={"use_case": "credit"}, headers=otto)
    assert made.status_code == 201
    one = f"{V1}/retraining/{made.json()['id']}"
    assert client.post(f"{V1}/retraining", json={"use_case": "credit"}, headers=ana).status_code == 409
    assert (
        client.post(f"{one}/answer", json={"consents": True, "reason": "ok"}, headers=otto).status_code == 422
    )
    first = client.post(f"{one}/answer", json={"consents": True, "reason": WHY}, headers=otto).json()
    assert (first["state"], [v["area"] for v in first["votes"]]) == ("proposed", ["operations"])
    again = client.post(f"{one}/answer", json={"consents": True, "reason": WHY}, headers=otto)
    assert (again.status_code, again.json()["code"]) == (403, "retraining.no_seat")
    done = client.post(f"{one}/answer", json={"consents": False, "reason": WHY}, headers=ana).json()
    assert (done["state"], done["champion"], done["challenger"]) == ("declined", 1, None)
    assert client.get(f"{V1}/retraining?use_case=credit", headers=ana).json()[0]["id"] == done["id"]
    assert client.get(f"{V1}/retraining/none", headers=ana).status_code == 404


def test_the_own_pipeline_may_not_answer_with_the_champion(client, loop):
    loop.send(rows_of(20, 1), "2026-09-01", 5)
    ana, otto = bearer(loop, "ana", "data_scientist"), bearer(loop, "otto", "operations")
    body = {"use_case": "credit", "recipe": "outside"}
    one = f"{V1}/retraining/{client.post(f'{V1}/retraining', json=body, headers=ana).json()['id']}"
    early = client.post(f"{one}/challenger", json={"version": 1}, headers=ana)
    assert (early.status_code, early.json()["code"]) == (409, "retraining.no_answer_wanted")
    for who in (ana, otto):
        answered = client.post(f"{one}/answer", json={"consents": True, "reason": WHY}, headers=who).json()
    assert answered["state"] == "outside"
    wrong = client.post(f"{one}/challenger", json={"version": 1}, headers=ana)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "retraining.other_version")
    assert client.post(f"{one}/challenger", json={"version": 1}, headers=otto).status_code == 403
