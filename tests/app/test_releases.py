"""Releases over REST, behind the real guard and with real tokens: request, sign, and what is live."""

from datetime import timedelta

import pytest

from app.api import live, releases
from core.assets.registry import queries as registry
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.platform.audit import queries as audit
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.conftest import SAID, bench_on

V1 = "/api/v1"
LIVE = f"{V1}/live/credit/production"


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    return bench_on(store, hands)


@pytest.fixture
def client(bench):
    with asking(bench.store, releases, live) as client:
        client.bench = bench
        yield client


@pytest.fixture
def bearer(bench):
    """The headers of a person's own token."""

    def make(name):
        return bearer_of(bench.store, bench.people[name]) | {"x-person": name}

    return make


def vote(client, headers, request, area, meaning="approve", rationale=SAID, snapshot=None, **more):
    seen = snapshot or client.get(f"{V1}/releases/{request}", headers=headers).json()["snapshot"]
    bench = client.bench
    ticket = bench.ticket(bench.people[headers["x-person"]], request, seen)
    body = {
        "area": area,
        "meaning": meaning,
        "rationale": rationale,
        "snapshot": seen,
        "ticket": ticket,
        **more,
    }
    return client.post(f"{V1}/releases/{request}/votes", headers=headers, json=body)


def requested(bench, client, headers, author="ana"):
    bench.version(bench.people[author])
    count = len(bench.ask(registry.versions))
    answer = client.post(
        f"{V1}/releases",
        headers=headers,
        json={"use_case": "credit", "version": count, "environment": "production"},
    )
    assert answer.status_code == 201, answer.text
    bench.judge()
    return answer.json()["id"]


def test_from_request_to_live_and_back_to_not_modified(bench, client, bearer):
    ana = bearer("ana")
    nothing = client.get(LIVE, headers=ana)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "live.nothing")
    assert nothing.headers["content-type"] == "application/problem+json"
    request = requested(bench, client, ana)
    assert [r["id"] for r in client.get(f"{V1}/releases?scope=mine", headers=bearer("otto")).json()] == [
        request
    ]
    assert vote(client, bearer("otto"), request, "operations").json()["state"] == "in_review"
    approved = vote(client, bearer("carl"), request, "compliance")
    assert (approved.status_code, approved.json()["state"]) == (201, "live")
    answer = client.get(LIVE, headers=ana)
    body = answer.json()
    assert body["version"] == 1
    assert body["digest"] == approved.json()["artifact_digest"]
    assert body["decision"]["policy_digest"] == approved.json()["policy_digest"]
    assert {a["person"] for a in body["decision"]["approvals"]} == {"per_otto", "per_carl"}
    assert (body["standing"]["worth"], body["standing"]["reasons"]) == ("good", [])
    assert [lapse["kind"] for lapse in body["standing"]["ahead"]] == ["approval_expired"]
    again = client.get(LIVE, headers={**ana, "if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert {g["kind"] for g in approved.json()["gates"]} >= {"sealed", "metric_floor", "latency"}


def test_the_author_is_refused_and_it_is_recorded(bench, client, bearer):
    bea = bearer("bea")
    request = requested(bench, client, bea, "bea")
    refused = vote(client, bea, request, "operations")
    assert refused.status_code == 403
    assert refused.json()["code"] == "release.uploaded_version"
    assert refused.json()["detail"] == "You may not approve: you uploaded this version."
    assert [e.data["code"] for e in bench.ask(audit.events, action="refused")] == ["release.uploaded_version"]
    assert bench.ask(audit.events, action="refused")[0].via == "api"


def test_wrong_input_is_a_problem_with_its_field(bench, client, bearer):
    request = requested(bench, client, bearer("ana"))
    short = vote(client, bearer("otto"), request, "operations", rationale="ok")
    assert (short.status_code, short.json()["field"]) == (422, "rationale")
    stale = vote(client, bearer("otto"), request, "operations", snapshot="0" * 64)
    assert (stale.status_code, stale.json()["code"]) == (409, "release.stale")
    shape = vote(client, bearer("otto"), request, "operations", snapshot="x")
    assert (shape.status_code, shape.json()["field"]) == (422, "snapshot")
    body = {"use_case": "credit", "version": 9}
    assert client.post(f"{V1}/releases", headers=bearer("ana"), json=body).status_code == 404
    assert client.get(f"{V1}/releases/rel_none", headers=bearer("ana")).status_code == 404
    assert client.get(f"{V1}/releases").status_code == 401


def test_a_withdrawn_request_takes_no_signature(bench, client, bearer):
    request = requested(bench, client, bearer("ana"))
    assert (
        client.post(f"{V1}/releases/{request}/withdraw", headers=bearer("ana")).json()["state"] == "withdrawn"
    )
    assert vote(client, bearer("otto"), request, "operations").status_code == 409


def test_a_blocking_finding_takes_the_version_out_of_live_and_says_why(bench, client, bearer):
    request = requested(bench, client, bearer("ana"))
    vote(client, bearer("otto"), request, "operations")
    vote(client, bearer("carl"), request, "compliance")
    tag = client.get(LIVE, headers=bearer("ana")).headers["etag"]
    version = client.get(LIVE, headers=bearer("ana")).json()["version_id"]
    due = bench.hands.now + timedelta(days=5)
    bench.do(bench.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.CRITICAL, owner_id="per_ana", due_at=due)  # fmt: skip
    gone = client.get(LIVE, headers={**bearer("ana"), "if-none-match": tag})
    assert (gone.status_code, gone.json()["code"]) == (404, "live.suspended")
    assert "A blocking finding is open." in gone.json()["detail"]


def test_changes_requested_checks_and_a_new_round(bench, client, bearer):
    request = requested(bench, client, bearer("ana"))
    assert (
        vote(client, bearer("carl"), request, "compliance", "request_changes").json()["state"]
        == "changes_requested"
    )
    assert client.post(f"{V1}/releases/{request}/checks", headers=bearer("ana")).status_code == 409
    opened = client.post(f"{V1}/releases/{request}/rounds", headers=bearer("ana"))
    assert (opened.status_code, opened.json()["round"]) == (201, 2)
    assert client.post(f"{V1}/releases/{request}/checks", headers=bearer("ana")).status_code == 202
