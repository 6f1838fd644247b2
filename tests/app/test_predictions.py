"""Predictions, labels, drift, alerts and KPIs over REST, behind the real guard."""

import httpx
import pytest
from click.testing import CliRunner

from app.api import kpis, prediction_logs, predictions
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.store import SYSTEM
from tests.app.rest import asking, bearer_of, claimed
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent, told

ORIGIN = {"Origin": "http://127.0.0.1:8501"}


@pytest.fixture
def watched(store):
    return ready_version(store)


@pytest.fixture
def client(store, monkeypatch):
    predictions.turns.cache_clear()
    claimed(store, monkeypatch)
    with asking(store, predictions, kpis, prediction_logs) as client:
        yield client


@pytest.fixture
def person(store):
    def make(*roles: str):
        name = ".".join(roles)
        with store.unit_of_work(SYSTEM) as uow:
            person_id = access.add_person(uow, name=name, email=f"{name}@example.org", roles=roles)
        with store.reading() as view:
            return people.actor(view, person_id, "page")

    return make


@pytest.fixture
def bearer(store, person):
    def make(*roles: str) -> dict[str, str]:
        holder = person(*roles)
        return bearer_of(store, holder)

    return make


def ndjson(frame) -> bytes:
    return frame.to_json(orient="records", lines=True).encode()


def test_predictions_and_labels_to_drift_and_performance(client, watched, bearer):
    key = bearer("data_scientist")
    rows = credit(800, 2, shift=0.9)
    body = ndjson(sent(rows, "2026-08-01", 20, "a"))
    headers = {**key, "Content-Type": "application/x-ndjson"}
    first = client.post("/api/v1/predictions/credit/1", content=body, headers=headers)
    assert first.status_code == 202
    assert (first.json()["accepted"], first.json()["refused"]) == (800, 0)
    again = client.post("/api/v1/predictions/credit/1", content=body, headers=headers)
    assert again.json() == first.json()
    labels = told(rows, "a").to_csv(index=False).encode() + b"nobody,1\n"
    answer = client.post("/api/v1/labels/credit/1?format=csv", content=labels, headers=key).json()
    assert (answer["accepted"], answer["refused"], answer["waiting"]) == (801, 0, 1)
    watched.work()
    drift = client.get("/api/v1/drift/credit/1", headers=key).json()
    income = next(c for c in drift["columns"] if c["name"] == "income")
    assert income["windows"][0]["psi"] > 0.2
    assert income["windows"][0]["p_value"] < 1e-6
    assert "floor 1e-4" in drift["variants"]["psi"]
    one = client.get("/api/v1/drift/credit/1?column=income&against=season&until=2026-09-01", headers=key)
    assert [c["name"] for c in one.json()["columns"]] == ["income"]
    assert one.json()["against"] == "season"
    assert one.json()["columns"][0]["windows"][0]["wasserstein"] > 0.2
    hours = client.get("/api/v1/drift/credit/1?grain=hour&since=2026-08-02T00:00:00Z", headers=key).json()
    assert hours["columns"][0]["windows"][0]["start"] == "2026-08-02T00:00:00Z"
    (point,) = client.get("/api/v1/performance/credit/1?metric=roc_auc", headers=key).json()
    assert (point["n"], point["coverage"]) == (800, 1.0)
    alerts = client.get("/api/v1/alerts/credit/1?only_open=true", headers=key).json()
    taken = client.post(f"/api/v1/alerts/{alerts[0]['id']}/acknowledge", headers=key).json()
    assert taken["acknowledged_at"]
    assert client.post(f"/api/v1/alerts/{alerts[0]['id']}/acknowledge", headers=key).status_code == 409


def test_problems_say_what_is_wrong(client, watched, bearer):
    key = bearer("operations")
    frame = sent(credit(10, 1), "2026-08-01", 2, "a")
    bad = client.post(
        "/api/v1/predictions/credit/1", content=ndjson(frame.drop(columns="probability")), headers=key
    )
    assert bad.status_code == 422
    assert "probability" in bad.text
    assert client.post("/api/v1/predictions/credit/9", content=ndjson(frame), headers=key).status_code == 404
    odd = client.post("/api/v1/predictions/credit/1?format=xml", content=b"<a/>", headers=key)
    assert odd.status_code == 422
    assert client.post("/api/v1/predictions/credit/1", content=b"PAR1broken", headers=key).status_code == 422
    other = bearer("compliance")
    assert (
        client.post("/api/v1/predictions/credit/1", content=ndjson(frame), headers=other).status_code == 403
    )
    assert client.post("/api/v1/predictions/credit/1", content=ndjson(frame)).status_code == 401


def test_a_payload_logger_sends_halves_of_calls(client, watched, bearer):
    key = bearer("operations")
    row = {"instances": [[1200.5, 0.3, "app", True]]}
    for half, body in (("response", {"predictions": [0.25]}), ("request", row)):
        headers = {
            "ce-id": "c-1",
            "ce-type": f"org.kubeflow.serving.inference.{half}",
            "ce-time": "2026-09-01T10:00:00Z",
        }
        answer = client.post("/api/v1/payloads/credit/1", json=body, headers={**key, **headers})
        assert answer.status_code == 202, answer.text
    assert answer.json() == {"new": 1, "waiting": 2}
    from core.evidence.monitoring import payload_work, work
    from core.platform.jobs import handling

    nothing = lambda _context: None  # noqa: E731
    handling.run_waiting(
        watched.store,
        {
            "monitoring.payloads": payload_work.collect,
            "monitoring.profile": work.profile,
            "alerts.judge": nothing,
            "kpis.observe": nothing,
        },
    )
    (column,) = [
        c
        for c in client.get("/api/v1/drift/credit/1?grain=hour", headers=key).json()["columns"]
        if c["name"] == "income"
    ]
    assert (column["windows"][0]["start"], column["windows"][0]["rows"]) == ("2026-09-01T10:00:00Z", 1)
    batch = [
        {"id": "c-2", "type": "x.request", "data": row},
        {"id": "c-2", "type": "x.response", "data": {"predictions": [0.5]}},
    ]
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    assert client.post("/api/v1/payloads/credit/1", json=batch, headers={**key, **kind}).json()["new"] == 2
    assert client.post("/api/v1/payloads/credit/1", json={"x": 1}, headers=key).status_code == 422
    assert (
        client.post("/api/v1/payloads/credit/1", json=batch, headers=bearer("compliance")).status_code == 403
    )


def test_the_command_sends_files_and_says_what_became_of_them(client, watched, bearer, tmp_path, monkeypatch):
    from app import send

    key = bearer("operations")["Authorization"].removeprefix("Bearer ")

    def forward(request: httpx.Request) -> httpx.Response:
        answer = client.request(
            request.method, str(request.url), content=request.read(), headers=request.headers
        )
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    plain = send.talking
    monkeypatch.setattr(
        send, "talking", lambda url, token, _t: plain(url, token, httpx.MockTransport(forward))
    )
    rows = credit(30, 2)
    frame = sent(rows, "2026-08-01", 2, "a")
    frame.to_parquet(tmp_path / "p.parquet", index=False)
    told(rows, "a").to_csv(tmp_path / "l.csv", index=False)
    where = ["--use-case", "credit", "--version", "1", "--token", key]

    def run(command, *files):
        return CliRunner().invoke(command, ["send", *(str(tmp_path / f) for f in files), *where])

    labels_first = run(send.labels, "l.csv")
    assert labels_first.exit_code == 0, labels_first.output
    assert "30 wait for their prediction" in labels_first.output
    done = run(send.predictions, "p.parquet", "p.parquet")
    assert done.exit_code == 0
    assert done.output.count("30 of 30 rows taken") == 2
    frame.assign(probability=7).to_csv(tmp_path / "bad.csv", index=False)
    bad = run(send.predictions, "bad.csv")
    assert bad.exit_code == 1
    assert "probability is not between 0 and 1. (30: 1, 2, 3, 4, 5)" in bad.output
    (tmp_path / "none.csv").write_text("a,b\n1,2\n")
    assert run(send.predictions, "none.csv").exit_code == 3
    assert run(send.predictions, "missing.csv").exit_code == 3


def test_a_page_sends_on_a_ticket_that_is_good_once_and_for_one_version(client, watched, person):
    sender = person("operations")
    with watched.store.unit_of_work(sender) as uow:
        tickets = [
            issue_ticket(uow, Purpose.UPLOAD, watched.version_id),
            issue_ticket(uow, Purpose.UPLOAD, "ver_other"),
        ]
    body = sent(credit(20, 1), "2026-08-01", 2, "a").to_csv(index=False).encode()
    path = f"/api/v1/versions/{watched.version_id}/batches/predictions"
    taken = client.put(f"{path}?ticket={tickets[0]}&name=x.csv", content=body, headers=ORIGIN)
    assert taken.status_code == 200
    assert taken.json()["accepted"] == 20
    for ticket in (*tickets, "made-up"):
        assert client.put(f"{path}?ticket={ticket}&name=x.csv", content=body, headers=ORIGIN).status_code in (
            401,
            403,
        )


def test_where_the_log_lies_is_read_by_others_and_set_by_an_administrator(client, watched, bearer):
    address = "/api/v1/use-cases/credit/prediction-log"
    reader, administrator = bearer("compliance"), bearer("administrator")
    assert client.get(address, headers=reader).json() == {"outside": None, "keep_days": None}
    assert client.put(address, headers=reader, json={"keep_days": 90}).status_code == 403
    assert client.put(address, headers=administrator, json={"keep_days": 90}).json()["keep_days"] == 90
    outside = {
        "address": "duckdb://s.duckdb",
        "predictions": "scores",
        "labels": "",
        "columns": {"label": "paid"},
    }
    told = client.put(address, headers=administrator, json={"outside": outside})
    assert told.json() == {"outside": outside, "keep_days": None}
    problem = client.put(address, headers=administrator, json={"outside": outside | {"address": "duck://x"}})
    assert problem.status_code == 422
    assert "duckdb://" in problem.json()["fix"]
    assert client.get(address, headers=reader).json() == {"outside": outside, "keep_days": None}


def test_kpis(client, watched, bearer):
    key = bearer("business")
    wanted = {"name": "Volume", "metric": "rows", "direction": "higher", "target": 100, "warning": 50}
    made = client.post("/api/v1/use-cases/credit/kpis", json=wanted, headers=key)
    assert made.status_code == 201
    kpi = made.json()
    assert (kpi["revision"], kpi["window"], kpi["minimum_n"]) == (1, "month", 30)
    assert client.post("/api/v1/use-cases/credit/kpis", json=wanted, headers=key).status_code == 409
    wrong = client.post(
        "/api/v1/use-cases/credit/kpis", json={**wanted, "name": "x", "warning": 500}, headers=key
    )
    assert wrong.status_code == 422
    second = bearer("business", "operations")
    approve = f"/api/v1/kpi-proposals/{kpi['revision_id']}/approve"
    assert client.post(approve, headers=key).status_code == 403
    assert client.get("/api/v1/kpis", headers=key).json() == []
    assert [one["id"] for one in client.get("/api/v1/kpi-proposals", headers=key).json()] == [kpi["id"]]
    assert client.post(approve, headers=second).json()["state"] == "in_force"
    watched.send(sent(credit(200, 1), "2026-08-01", 20, "a"))
    (score,) = client.get("/api/v1/kpis?use_case=credit", headers=key).json()
    assert (score["status"], score["history"][-1]["value"]) == ("on_target", 200)
    reader, mine = bearer("validator"), f"/api/v1/kpi-subscriptions/{kpi['id']}"
    assert client.put(mine, headers=reader).status_code == client.put(mine, headers=reader).status_code == 204
    assert client.get("/api/v1/kpi-subscriptions", headers=reader).json() == [kpi["id"]]
    assert client.get("/api/v1/kpi-subscriptions", headers=key).json() == []
    assert client.delete(mine, headers=reader).status_code == 204
    assert client.get("/api/v1/kpi-subscriptions", headers=reader).json() == []
    assert client.put("/api/v1/kpi-subscriptions/kpi_none", headers=reader).status_code == 404
    revised = client.post(f"/api/v1/kpis/{kpi['id']}", json={**wanted, "target": 300}, headers=key)
    assert (revised.json()["revision"], revised.json()["state"]) == (2, "proposed")
    client.post(f"/api/v1/kpi-proposals/{revised.json()['revision_id']}/approve", headers=second)
    assert client.get(f"/api/v1/kpis/{kpi['id']}/observations", headers=key).json() == {}
    watched.work()
    shown = client.get(f"/api/v1/kpis/{kpi['id']}/observations", headers=key).json()[watched.version_id]
    assert [one["status"] for one in shown] == ["short_of_target"]
    assert client.delete(f"/api/v1/kpis/{kpi['id']}", headers=bearer("compliance")).status_code == 403
    assert client.delete(f"/api/v1/kpis/{kpi['id']}", headers=key).status_code == 204
    assert client.get("/api/v1/kpis", headers=key).json() == []
    assert [one["revision"] for one in client.get(f"/api/v1/kpis/{kpi['id']}", headers=key).json()] == [1, 2]
