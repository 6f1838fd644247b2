"""From an empty draft to an evaluated version over REST, behind the real guard, with real tickets and tokens."""

import io
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import skops.io
from fastapi import FastAPI
from sklearn.linear_model import LogisticRegression
from starlette.testclient import TestClient

from app import wiring
from app.addresses import Addresses
from app.api import drafts, jobs, use_cases, versions
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from app.push import Problem, push
from core.assets.intake import commands as intake
from core.assets.intake import failures, work
from core.assets.intake import queries as uploads
from core.assets.intake.runner import Runner
from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registry
from core.decisions.releases import commands as releases
from core.decisions.releases import queries as released
from core.platform.access import commands as access
from core.platform.access import ways_in
from core.platform.access.sessions import Purpose
from core.platform.audit import queries as audit
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor

ORIGIN = "http://127.0.0.1:8501"
V1 = "/api/v1"


@pytest.fixture(scope="module")
def runner():
    with Runner() as running:
        yield running


@pytest.fixture(scope="module")
def pair():
    """A fitted model and the rows it is judged on, as bytes."""
    random = np.random.default_rng(5)
    X = pd.DataFrame({"income": random.normal(50, 12, 400).round(1), "age": random.integers(18, 80, 400)})
    y = (X["income"] + random.normal(0, 8, 400) > 50).map({True: "paid", False: "late"})
    model = io.BytesIO()
    skops.io.dump(LogisticRegression().fit(X, y), model)
    return model.getvalue(), X.assign(outcome=y, sex=random.choice(["f", "m"], 400)).to_csv(
        index=False
    ).encode()


@pytest.fixture
def house(store, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    drafts.turns.cache_clear()
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
        releases.publish_shipped(uow)
        registry.create_use_case(
            uow,
            slug="credit",
            title="Credit",
            purpose="Decide on loans.",
            task=Task.BINARY,
            risk_tier=RiskTier.HIGH,
            lawful_basis="credit_protection",
        )
    yield store
    drafts.turns.cache_clear()


@pytest.fixture
def client(house):
    application = FastAPI()
    for noun in (use_cases, drafts, versions, jobs):
        application.include_router(noun.router, prefix=V1)
    answer_with_problems(application)
    with TestClient(
        Guard(application, Doors(house), Addresses.of(house.settings)), base_url=ORIGIN
    ) as asking:
        yield asking


def member(store, role="data_scientist", name="Ana"):
    with store.unit_of_work(SYSTEM) as uow:
        person = access.add_person(uow, name=name, email=f"{name.lower()}@example.org", roles=[role])
    return Actor(person, "person", frozenset({role}), "page")


def bearer(store, person):
    with store.unit_of_work(person) as uow:
        _id, text = access.create_token(
            uow, label="ci", roles=sorted(person.roles), expires_at=uow.now + timedelta(days=1)
        )
    return {"authorization": f"Bearer {text}"}


def ticket(store, person, draft):
    with store.unit_of_work(person) as uow:
        return ways_in.issue_ticket(uow, Purpose.UPLOAD, draft)


@pytest.fixture
def ana(house):
    return member(house)


@pytest.fixture
def token(house, ana):
    return bearer(house, ana)


def opened(client, token):
    answer = client.post(f"{V1}/drafts", headers=token, json={})
    assert answer.status_code == 201
    return answer.json()["id"]


def sent(client, token, draft, pair):
    for kind, name, content in (("artifact", "model.skops", pair[0]), ("table", "rows.csv", pair[1])):
        answer = client.put(
            f"{V1}/drafts/{draft}/{kind}", params={"name": name}, content=content, headers=token
        )
        assert answer.status_code == 200, answer.text
    return answer.json()


def events(store, action):
    with store.reading() as view:
        return audit.events(view, action=action)


def test_the_whole_way_to_metrics(client, token, house, pair, runner, ana):
    draft = opened(client, token)
    table = sent(client, token, draft, pair)
    assert table["rows"] == 400
    assert {c["name"] for c in table["columns"]} == {"income", "age", "outcome", "sex"}
    assert "sex" in table["protected"]
    asked = {
        "use_case": "credit",
        "label_column": "outcome",
        "positive_label": "late",
        "operating_threshold": 0.4,
        "protected_columns": ["sex"],
    }
    answer = client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked)
    assert answer.status_code == 202
    done = answer.json()
    assert done["version"]["number"] == 1
    assert client.get(done["job"]["url"], headers=token).json()["state"] == "queued"
    assert run_waiting(house, {intake.JOB: lambda context: work.evaluate(context, runner)}) == 1
    assert client.get(done["job"]["url"], headers=token).json()["state"] == "done"
    version = client.get(done["version"]["url"], headers=token).json()
    assert (version["state"], version["refusal"], version["author"]) == ("ready", None, ana.id)
    auc = version["evaluation"]["metrics"]["roc_auc"]
    assert 0.7 < auc["low"] < auc["value"] < auc["high"] <= 1
    assert version["evaluation"]["threshold"] == 0.4
    assert [v["number"] for v in client.get(f"{V1}/use-cases/credit/versions", headers=token).json()] == [1]
    with house.reading() as view:
        sealed = released.sealed(view, version["id"], "production")
        evaluation = uploads.evaluation(view, version["id"])
    assert sealed.sealed_at <= evaluation.started_at


def test_a_ticket_opens_one_upload_of_one_draft_once(client, token, house, ana, pair):
    draft, other = opened(client, token), opened(client, token)
    secret = ticket(house, ana, draft)
    page = {"origin": ORIGIN}

    def put(target, with_ticket):
        return client.put(
            f"{V1}/drafts/{target}/artifact",
            params={"name": "m.skops", "ticket": with_ticket},
            content=pair[0],
            headers=page,
        )

    assert put(draft, secret).status_code == 200
    again = put(draft, secret)
    assert (again.status_code, again.json()["code"]) == (401, "ticket.spent")
    assert put(other, ticket(house, ana, draft)).status_code == 401
    assert put(draft, "made-up").status_code == 401
    assert client.put(f"{V1}/drafts/{draft}/artifact", params={"name": "m"}, content=b"x").status_code == 401
    foreign = client.put(
        f"{V1}/drafts/{draft}/artifact",
        params={"name": "m", "ticket": ticket(house, ana, draft)},
        content=pair[0],
        headers={"origin": "https://elsewhere.example"},
    )
    assert foreign.status_code == 401


def test_a_ticket_grants_nothing_else(client, token, house, ana):
    draft = opened(client, token)
    secret = ticket(house, ana, draft)
    answer = client.post(
        f"{V1}/drafts/{draft}/submit",
        params={"ticket": secret},
        headers={"origin": ORIGIN},
        json={"use_case": "credit", "label_column": "y"},
    )
    assert answer.status_code == 401


def test_nobody_else_reads_fills_or_submits_a_draft(client, token, house, pair):
    draft = opened(client, token)
    ben = bearer(house, member(house, name="Ben"))
    assert client.get(f"{V1}/drafts/{draft}", headers=ben).status_code == 404
    assert (
        client.put(
            f"{V1}/drafts/{draft}/table", params={"name": "t"}, content=pair[1], headers=ben
        ).status_code
        == 404
    )
    assert (
        client.post(
            f"{V1}/drafts/{draft}/submit", headers=ben, json={"use_case": "credit", "label_column": "y"}
        ).status_code
        == 404
    )


def test_a_viewer_is_refused_and_the_attempt_is_in_the_log(client, house):
    viewer = bearer(house, member(house, role="operations", name="Vic"))
    answer = client.post(f"{V1}/drafts", headers=viewer, json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.not_permitted")
    assert events(house, "refused")[0].data["permission"] == "model.upload"


@pytest.mark.parametrize(
    ("kind", "name", "content", "code"),
    [
        ("artifact", "model.skops", b"not a model at all", "artifact.unsupported"),
        ("artifact", "model.skops", b"", "upload.empty"),
        ("table", "rows.csv", b"a,a,b\n1,2,3\n4,5,6\n", "table.duplicate_columns"),
        ("table", "rows.csv", b"a,b\n1,2\n", "table.one_row"),
        ("table", "rows.csv", b"a,b\n1,\n2,\n", "table.empty_column"),
        ("table", "rows.csv", "a;b\né;1\nü;2\n".encode("latin-1"), None),
        ("table", "rows.parquet", b"PAR1" + b"\0" * 40, None),
    ],
)
def test_bad_input_is_told_and_not_kept(client, token, kind, name, content, code):
    draft = opened(client, token)
    answer = client.put(f"{V1}/drafts/{draft}/{kind}", params={"name": name}, content=content, headers=token)
    assert answer.status_code in {400, 413, 422}
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["detail"]
    assert document["fix"]
    assert code is None or document["code"] == code
    assert client.get(f"{V1}/drafts/{draft}", headers=token).json()[kind] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label_column": "outcom"}, "table.label_missing"),
        ({"use_case": "credi"}, "use_case.unknown"),
        ({"operating_threshold": 1.5}, "request.malformed"),
        ({"protected_columns": ["gender"]}, "table.label_missing"),
    ],
)
def test_a_wrong_submission_names_what_is_near_and_freezes_nothing(client, token, house, pair, change, code):
    draft = opened(client, token)
    sent(client, token, draft, pair)
    asked = {"use_case": "credit", "label_column": "outcome", "positive_label": "late"} | change
    answer = client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked)
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] == code
    assert client.get(f"{V1}/drafts/{draft}", headers=token).json()["version_id"] == ""
    assert client.get(f"{V1}/use-cases/credit/versions", headers=token).json() == []
    assert events(house, "version.submitted") == []


def test_submitting_without_files_or_twice_is_refused(client, token, pair):
    asked = {"use_case": "credit", "label_column": "outcome", "positive_label": "late"}
    empty = opened(client, token)
    assert (
        client.post(f"{V1}/drafts/{empty}/submit", headers=token, json=asked).json()["code"]
        == "draft.incomplete"
    )
    draft = opened(client, token)
    sent(client, token, draft, pair)
    assert client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked).status_code == 202
    again = client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked)
    assert (again.status_code, again.json()["code"]) == (409, "draft.submitted")


class Ending:
    """A runner whose child ends as `error` says; `tests/core/assets/intake/test_runner.py` makes real ones end so."""

    def __init__(self, runner, error):
        self._runner, self._error = runner, error

    def __getattr__(self, name):
        return getattr(self._runner, name)

    def inspect(self, *_args, **_more):
        raise self._error


ENDS = (failures.crashed("SIGSEGV"), failures.timeout(5), failures.memory(1 << 30))


@pytest.mark.parametrize("error", ENDS, ids=lambda e: e.code)
def test_a_child_that_crashes_hangs_or_eats_memory_refuses_the_version(
    client, token, house, pair, runner, error
):
    draft = opened(client, token)
    sent(client, token, draft, pair)
    asked = {"use_case": "credit", "label_column": "outcome", "positive_label": "late"}
    done = client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked).json()
    ending = Ending(runner, error)
    run_waiting(house, {intake.JOB: lambda context: work.evaluate(context, ending)})
    version = client.get(done["version"]["url"], headers=token).json()
    assert (version["state"], version["refusal"]["code"]) == ("refused", error.code)
    assert str(error) in " ".join(map(str, version["refusal"].values()))
    assert version["evaluation"] is None
    assert client.get(done["job"]["url"], headers=token).json()["state"] == "done"
    assert len(events(house, "version.refused")) == 1


def test_a_file_over_the_limit_is_413(client, token, house, monkeypatch):
    monkeypatch.setattr(house, "settings", house.settings.with_(upload_mib="1"))
    draft = opened(client, token)

    def chunks():
        for _ in range(3):
            yield b"x" * (1 << 19)

    answer = client.put(
        f"{V1}/drafts/{draft}/artifact", params={"name": "m"}, content=chunks(), headers=token
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "file.too_large")


def test_the_eleventh_upload_within_an_hour_is_429(client, token, pair, hands):
    draft = opened(client, token)

    def put():
        return client.put(
            f"{V1}/drafts/{draft}/table", params={"name": "t.csv"}, content=pair[1], headers=token
        )

    assert [put().status_code for _ in range(11)] == [200] * 10 + [429]
    hands.forward(hours=1)


def test_use_cases_over_rest(client, token):
    body = {"slug": "rooms", "title": "Rooms", "purpose": "Plan.", "task": "regression", "risk_tier": "low"}
    assert client.post(f"{V1}/use-cases", headers=token, json=body).status_code == 201
    assert client.post(f"{V1}/use-cases", headers=token, json=body).json()["code"] == "use_case.exists"
    assert [c["slug"] for c in client.get(f"{V1}/use-cases", headers=token).json()] == ["credit", "rooms"]
    assert client.get(f"{V1}/use-cases/rooms", headers=token).json()["task"] == "regression"
    missing = client.get(f"{V1}/use-cases/room", headers=token)
    assert (missing.status_code, missing.json()["fix"]) == (404, "Did you mean rooms?")
    assert (
        client.post(f"{V1}/use-cases", headers=token, json={**body, "slug": "No Good"}).json()["code"]
        == "use_case.slug"
    )
    assert client.get(f"{V1}/jobs/nowhere", headers=token).status_code == 404


def test_push_speaks_the_servers_language(client, house, token, pair, runner, tmp_path):
    model, table = tmp_path / "model.skops", tmp_path / "rows.csv"
    model.write_bytes(pair[0])
    table.write_bytes(pair[1])
    secret = token["authorization"].removeprefix("Bearer ")
    known = {
        "use_case": "credit",
        "label": "outcome",
        "url": ORIGIN,
        "token": secret,
        "transport": client._transport,
    }
    found = push(model, table, positive_label="late", wait=0, **known)
    assert (found.state, found.number, found.metrics) == ("checking", 1, ())
    with pytest.raises(Problem) as told:
        push(model, table, wait=0, **{**known, "label": "outcom"})
    assert told.value.fix_text() == "Did you mean outcome?"
    with pytest.raises(Problem) as told:
        push(model, table, wait=0, **{**known, "token": "aval_no"})
    assert told.value.status == 401
