"""Requests of affected people over REST and from a file: taken once, decided by people only."""

import hashlib
import json
from datetime import timedelta

import pytest

from app.api import audit as audit_routes
from app.api import compliance, reviews
from app.reviews_import import rows
from core.platform.access import commands as access
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.app.rest import asking, claimed
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1"
ROW = {
    "use_case": "credit", "kind": "access", "law": "lgpd", "language": "pt_BR", "reference": "C-1",
    "requester": "Ana Souza", "message": "Quais dados vocês têm?",
}  # fmt: skip


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    bench = bench_on(store, hands)
    bench.version(bench.people["ana"])
    return bench


@pytest.fixture
def client(bench):
    with asking(bench.store, audit_routes, reviews, compliance) as client:
        yield client


def bearer(bench, name, kind="person"):
    person = bench.people[name]
    with bench.store.unit_of_work(person if kind == "person" else SYSTEM) as uow:
        _id, text = access.create_token(
            uow, label="t", roles=sorted(person.roles), expires_at=uow.now + timedelta(days=1)
        )
    return {"authorization": f"Bearer {text}"}


def test_a_request_sent_twice_is_taken_once_and_no_name_comes_back(client, bench):
    carl = bearer(bench, "carl")
    key = {"Idempotency-Key": "one-request-0001"}
    first = client.post(f"{V1}/reviews", json=ROW, headers=carl | key)
    assert first.status_code == 201, first.text
    again = client.post(f"{V1}/reviews", json=ROW, headers=carl | key)
    assert again.json() == first.json()
    (waiting,) = client.get(f"{V1}/reviews", headers=carl).json()
    assert waiting["state"] == "open"
    assert "Ana" not in json.dumps(waiting)
    assert waiting["subject"].startswith("sub_")


def test_a_request_without_a_decision_id_is_a_problem_that_names_the_field(client, bench):
    answer = client.post(f"{V1}/reviews", json=ROW | {"kind": "review"}, headers=bearer(bench, "carl"))
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "review.prediction_id"


def test_deciding_takes_the_right_to_decide(client, bench):
    made = client.post(f"{V1}/reviews", json=ROW, headers=bearer(bench, "carl")).json()["id"]
    body = {"outcome": "granted", "reason": "Everything we hold about you is in this letter."}
    refused = client.post(f"{V1}/reviews/{made}/decision", json=body, headers=bearer(bench, "ana"))
    assert refused.status_code == 403
    assert bench.ask(audit.events, action="refused")
    done = client.post(f"{V1}/reviews/{made}/decision", json=body, headers=bearer(bench, "carl"))
    assert done.status_code == 204
    assert client.get(f"{V1}/reviews/{made}", headers=bearer(bench, "ana")).json()["outcome"] == "granted"


def leaf(body):
    return hashlib.sha256(b"\0" + body.encode()).hexdigest()


def test_the_law_map_and_documents_answer_over_rest(client, bench):
    carl, max_ = bearer(bench, "carl"), bearer(bench, "max")
    found = client.get(f"{V1}/compliance/credit", headers=carl).json()
    assert {p["law"] for p in found["provisions"]} >= {"lgpd", "gdpr", "ai_act"}
    assert "pl_2338" not in {p["law"] for p in found["provisions"]}
    client.put(f"{V1}/laws/pl_2338", json={"followed": True}, headers=carl)
    followed = client.get(f"{V1}/compliance/credit", headers=carl).json()["provisions"]
    assert any(p["status"] == "bill" for p in followed)
    made = client.post(f"{V1}/compliance/credit/documents/dpia", headers=carl).json()
    assert client.post(f"{V1}/documents/{made['id']}/approval", headers=carl).status_code == 403
    assert client.post(f"{V1}/documents/{made['id']}/approval", headers=max_).status_code == 204
    body = client.get(f"{V1}/documents/{made['id']}.json?language=pt-BR", headers=carl).json()
    assert body["language"] == "pt_BR"
    named = {line["event"] for s in body["sections"] for i in s["items"] for line in i["lines"]}
    assert named
    for index in named:
        entry = client.get(f"{V1}/audit/events/{index}", headers=carl).json()
        assert (entry["index"], leaf(entry["body"])) == (index, entry["leaf"])
    assert client.get(f"{V1}/audit/events/{10**6}", headers=carl).status_code == 404
    assert client.get(f"{V1}/documents/{made['id']}.pdf", headers=carl).content.startswith(b"%PDF")


def test_a_file_of_requests_is_read_by_header_or_by_line(tmp_path):
    table = tmp_path / "asked.csv"
    table.write_text("use_case,kind,reference,version,other\ncredit,access,C-1,2,x\n", "utf-8-sig")
    assert list(rows(table)) == [{"use_case": "credit", "kind": "access", "reference": "C-1", "version": 2}]
    lines = tmp_path / "asked.ndjson"
    lines.write_text(json.dumps(ROW) + "\n\n" + json.dumps(ROW | {"message": None}) + "\n")
    assert len(list(rows(lines))) == 2
