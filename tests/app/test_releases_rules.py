"""The release rules over REST: confirmation, repeatable requests, emergencies, findings, gates, lent seats, falling back."""

from datetime import timedelta
from importlib.resources import files

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app import wiring
from app.addresses import Addresses
from app.api import emergencies, findings, gates, live, releases
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from core.decisions.releases import commands, pledges
from core.decisions.releases.states import ReleaseState
from core.platform.access import commands as access
from core.platform.access.passwords import protect
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import SAID, bench_on
from tests.core.decisions.releases.test_perishable import drifts

V1 = "/api/v1"
PASSWORD = "a sentence that only Otto knows"


@pytest.fixture
def bench(store, hands, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
    bench = bench_on(store, hands)
    with store.unit_of_work(SYSTEM) as uow:
        for person in ("per_otto", "per_carl"):
            access.change_password(uow, person, protect(PASSWORD))
    return bench


@pytest.fixture
def ask(bench):
    """Ask as a person: `ask("otto", "post", "releases", {...})`."""
    application = FastAPI()
    for noun in (releases, live, emergencies, findings, gates):
        application.include_router(noun.router, prefix=V1)
    answer_with_problems(application)
    guarded = Guard(application, Doors(bench.store), Addresses.of(bench.store.settings))
    tokens = {}

    def token(name, kind="person"):
        if name not in tokens:
            holder = bench.people["bea" if kind == "service" else name]
            with bench.store.unit_of_work(holder) as uow:
                _id, tokens[name] = access.create_token(
                    uow,
                    label="t",
                    roles=["operations"] if kind == "service" else sorted(holder.roles),
                    expires_at=uow.now + timedelta(days=300),
                    kind=kind,
                )
        return tokens[name]

    with TestClient(guarded, base_url="http://127.0.0.1:8501") as client:

        def asking(name, method, path, body=None, *, key=None):
            headers = {"authorization": f"Bearer {token(name, 'service' if name == 'ci' else 'person')}"}
            if key:
                headers["idempotency-key"] = key
            return client.request(method, f"{V1}/{path}", json=body, headers=headers)

        yield asking


def requested(bench, **kwargs):
    return bench.request(bench.people["ana"], bench.version(bench.people["ana"], **kwargs))


def vote(snapshot, ticket, area="operations", **more):
    return {
        "area": area,
        "meaning": "approve",
        "rationale": SAID,
        "snapshot": snapshot,
        "ticket": ticket,
        **more,
    }


def test_a_token_signs_with_a_ticket_from_the_password_and_not_without(bench, ask):
    request = requested(bench)
    seen = bench.snapshot(request)
    without = ask("otto", "post", f"releases/{request}/votes", vote(seen, ""))
    assert (without.status_code, without.json()["code"]) == (401, "confirm.missing")
    wrong = ask("otto", "post", f"releases/{request}/ticket", {"password": "x" * 20, "snapshot": seen})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "confirm.wrong")
    given = ask("otto", "post", f"releases/{request}/ticket", {"password": PASSWORD, "snapshot": seen})
    assert given.status_code == 201, given.text
    assert given.json()["seconds"] == 300
    signed = ask("otto", "post", f"releases/{request}/votes", vote(seen, given.json()["ticket"]))
    assert signed.status_code == 201, signed.text
    assert signed.json()["votes"][0]["confirmed_by"] == "password"
    assert PASSWORD not in "".join(e.body for e in bench.ask(audit.events, limit=999))


def test_the_password_is_not_guessed_by_trying(bench, ask):
    request = requested(bench)
    body = {"password": "x" * 20, "snapshot": bench.snapshot(request)}
    answers = [ask("otto", "post", f"releases/{request}/ticket", body).status_code for _ in range(7)]
    assert answers[:4] == [401] * 4
    assert answers[-1] == 429


def test_a_program_requests_and_never_decides(bench, ask):
    bench.version(bench.people["ana"])
    made = ask("ci", "post", "releases", {"use_case": "credit", "version": 1})
    assert made.status_code == 201, made.text
    bench.judge()
    request, seen = made.json()["id"], made.json()["snapshot"]
    ticket = ask("ci", "post", f"releases/{request}/ticket", {"password": PASSWORD, "snapshot": seen})
    assert ticket.status_code == 403
    for path, body in (
        (f"releases/{request}/votes", vote(seen, "x")),
        (
            "emergencies",
            {"use_case": "credit", "version": 1, "reason": SAID, "reviewer": "per_carl", "ticket": "x"},
        ),
        ("delegations", {"area": "operations", "to": "per_olga", "until": "2026-12-01T00:00:00Z"}),
        ("live/credit/production/roll-back", {"reason": SAID}),
    ):
        refused = ask("ci", "post", path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "access.service_may_not"), path


def test_the_same_key_does_it_once_and_answers_the_same(bench, ask):
    bench.version(bench.people["ana"])
    body = {"use_case": "credit", "version": 1}
    first = ask("ana", "post", "releases", body, key="nightly-1")
    again = ask("ana", "post", "releases", body, key="nightly-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(bench.ask(audit.events, action="release.requested")) == 1
    other = ask("ana", "post", "releases", {**body, "environment": "staging"}, key="nightly-1")
    assert (other.status_code, other.json()["code"]) == (409, "repeat.other_request")
    assert ask("otto", "post", "releases", body, key="nightly-1").status_code == 409, (
        "a key is its caller's own"
    )
    assert ask("ana", "post", "releases", body, key=" " * 3).status_code in {400, 422}
    bench.hands.forward(hours=25)
    assert ask("ana", "post", "releases", body, key="nightly-1").status_code == 409, (
        "open already, asked anew"
    )


def test_what_failed_is_not_remembered_under_its_key(bench, ask):
    request = requested(bench)
    seen = bench.snapshot(request)
    short = vote(seen, "", rationale="no")
    assert ask("otto", "post", f"releases/{request}/votes", short, key="k").status_code == 422
    ticket = bench.ticket(bench.people["otto"], request, seen)
    assert ask("otto", "post", f"releases/{request}/votes", vote(seen, ticket), key="k").status_code == 201
    same = ask("otto", "post", f"releases/{request}/votes", vote(seen, ticket), key="k")
    assert (same.status_code, same.json()["signed"]) == (201, 1)


def test_conditions_travel(bench, ask):
    request = requested(bench)
    bench.sign(bench.people["otto"], request)
    seen = bench.snapshot(request)
    ticket = bench.ticket(bench.people["carl"], request, seen)
    due = (bench.hands.now + timedelta(days=3)).isoformat()
    conditions = [{"text": "Report to the board", "owner": "per_olga", "due_at": due}]
    body = vote(seen, ticket, "compliance", meaning="approve_with_conditions", conditions=conditions)
    done = ask("carl", "post", f"releases/{request}/votes", body)
    assert (done.status_code, done.json()["state"]) == (201, "live"), done.text
    (condition,) = done.json()["conditions"]
    standing = ask("ana", "get", "live/credit/production").json()["standing"]
    assert [a["kind"] for a in standing["ahead"]] == ["condition_overdue", "approval_expired"]
    bench.hands.forward(days=4)
    assert ask("ana", "get", "live/credit/production").json()["code"] == "live.suspended"
    met = ask("otto", "post", f"releases/{request}/conditions/{condition['id']}", {"note": SAID})
    assert met.json()["conditions"][0]["met_by"] == "per_otto"
    assert ask("ana", "get", "live/credit/production").status_code == 200


def test_an_emergency_takes_two_steps_and_owes_its_review(bench, ask):
    bench.version(bench.people["ana"], strength=0.1)
    step = {"use_case": "credit", "version": 1, "password": PASSWORD}
    ticket = ask("otto", "post", "emergencies/ticket", step).json()["ticket"]
    body = {"use_case": "credit", "version": 1, "reason": SAID, "reviewer": "per_carl", "ticket": ticket}
    done = ask("otto", "post", "emergencies", body)
    assert (done.status_code, done.json()["state"], done.json()["emergency"]) == (201, "live", True), (
        done.text
    )
    assert ask("otto", "post", "emergencies", body).status_code == 409
    (debt,) = ask("ana", "get", "debts").json()
    assert debt["reviewer"] == "per_carl"
    pay = ask("carl", "post", f"debts/{debt['id']}/ticket", {"password": PASSWORD}).json()["ticket"]
    review = {"upheld": False, "finding": SAID, "ticket": pay}
    assert ask("otto", "post", f"debts/{debt['id']}/review", review).status_code == 403
    paid = ask("carl", "post", f"debts/{debt['id']}/review", review)
    assert (paid.status_code, paid.json()["upheld"]) == (200, False), paid.text
    assert ask("ana", "get", "debts").json() == []
    assert ask("ana", "get", "live/credit/production").json()["code"] == "live.suspended"


def test_findings_block_are_waived_and_resolved(bench, ask):
    bench.version(bench.people["ana"])
    due = (bench.hands.now + timedelta(days=9)).isoformat()
    body = {
        "use_case": "credit", "version": 1, "title": "Proxy", "severity": "high", "owner": "per_ana", "due_at": due,
    }  # fmt: skip
    found = ask("carl", "post", "findings", body)
    assert found.status_code == 201, found.text
    finding = found.json()["id"]
    assert [f["id"] for f in ask("ana", "get", "findings").json()] == [finding]
    until = (bench.hands.now + timedelta(days=3)).isoformat()
    refused = ask("ana", "post", f"findings/{finding}/waivers", {"reason": SAID, "expires_at": until})
    assert refused.status_code == 403
    waived = ask("otto", "post", f"findings/{finding}/waivers", {"reason": SAID, "expires_at": until})
    assert waived.json()["waivers"][0]["granted_by"] == "per_otto"
    assert ask("otto", "post", f"findings/{finding}/block").status_code == 200
    done = ask("cora", "post", f"findings/{finding}/resolve", {"resolution": SAID})
    assert done.json()["state"] == "resolved"


@pytest.mark.parametrize(("strength", "passes"), [(2.5, True), (0.1, False)])
def test_gates_are_judged_on_demand(bench, ask, strength, passes):
    bench.version(bench.people["ana"], strength=strength)
    asked = ask("ci", "post", "gates", {"use_case": "credit", "version": 1})
    assert (asked.status_code, asked.json()["passes"]) == (202, None)
    bench.judge()
    found = ask("ci", "get", f"gates/{asked.json()['id']}").json()
    assert found["passes"] is passes
    assert {"metric_floor", "sealed"} <= {g["kind"] for g in found["gates"]}
    assert ask("ana", "get", "releases").json() == []


def test_a_lent_seat_and_its_end(bench, ask):
    until = (bench.hands.now + timedelta(days=3)).isoformat()
    lent = ask("otto", "post", "delegations", {"area": "operations", "to": "per_vera", "until": until})
    assert lent.status_code == 201, lent.text
    assert [d["delegate"] for d in ask("ana", "get", "delegations").json()] == ["per_vera"]
    request = requested(bench)
    seen = bench.snapshot(request)
    ticket = bench.ticket(bench.people["vera"], request, seen)
    signed = ask("vera", "post", f"releases/{request}/votes", vote(seen, ticket, on_behalf_of="per_otto"))
    assert signed.json()["votes"][0]["on_behalf_of"] == "per_otto"
    assert ask("otto", "delete", f"delegations/{lent.json()['id']}").status_code == 204
    assert ask("ana", "get", "delegations").json() == []


def test_the_live_address_falls_back_where_the_policy_says_so(bench, ask):
    text = files("data").joinpath("policies", "limited-production.toml").read_text()
    text = text.replace('"2026.1"', '"2026.2"').replace('on_drift = "warn"', 'on_drift = "fall_back"')
    bench.hands.forward(seconds=1)
    bench.do(bench.people["cora"], commands.publish_policy, text)
    bench.hands.forward(seconds=1)
    for strength in (1.5, 2.5):
        version = bench.version(bench.people["ana"], strength=strength)
        request = bench.request(bench.people["ana"], version)
        bench.sign(bench.people["otto"], request)
        assert bench.sign(bench.people["carl"], request) is ReleaseState.LIVE
    assert ask("ana", "get", "live/credit/production").json()["version"] == 2
    drifts(bench, version)
    found = ask("ana", "get", "live/credit/production").json()
    assert (found["version"], found["instead_of"]) == (1, 2)
    assert found["standing"]["reasons"] == ["drift_breach"]
    back = ask("otto", "post", "live/credit/production/roll-back", {"reason": SAID})
    assert back.status_code == 200, back.text
    found = ask("ana", "get", "live/credit/production").json()
    assert (found["version"], found["instead_of"]) == (1, None)
    assert bench.ask(pledges.debts) == ()
