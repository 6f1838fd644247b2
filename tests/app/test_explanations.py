"""Explanations over REST, behind the real guard: read, start, and one case."""

from datetime import date

import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from app.api import explanations
from core.assets.registry import queries as registry
from core.evidence.attribution_drift import commands as drift_commands
from core.evidence.attribution_drift.shift import Month, shifts
from core.evidence.explain import queries, work
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from tests.app.rest import asking, bearer_of, claimed
from tests.core.evidence.explain.registered import applicants, register
from tests.ui.test_explainability import InProcess

FEATURES = ["income", "purpose", "months"]
PATH = "/api/v1/explanations/credit/1"


@pytest.fixture
def client(store, monkeypatch):
    claimed(store, monkeypatch)
    with asking(store, explanations) as client:
        yield client


@pytest.fixture
def bearer(store):
    def make(*roles: str) -> dict[str, str]:
        with store.unit_of_work(SYSTEM) as uow:
            person = access.add_person(uow, name=roles[0], email=f"{roles[0]}@example.org", roles=roles)
        with store.reading() as view:
            holder = people.actor(view, person, "page")
        return bearer_of(store, holder)

    return make


@pytest.fixture
def table(store):
    table = applicants(250)
    columns = make_column_transformer((OneHotEncoder(), ["purpose"]), (SimpleImputer(), ["income", "months"]))
    model = make_pipeline(columns, RandomForestClassifier(10, max_depth=4, random_state=0))
    register(store, model.fit(table[FEATURES], table["default"]), table, features=FEATURES)
    return table


def test_from_the_start_to_one_case(client, store, bearer, table):
    headers = bearer("data_scientist")
    before = client.get(PATH, headers=headers)
    assert before.status_code == 404
    assert before.json()["code"] == "explanation.none"

    started = client.post(PATH, headers=headers)
    assert started.status_code == 202
    assert client.post(PATH, headers=headers).json() == started.json()
    run_waiting(store, {queries.JOB_KIND: lambda context: work.explain(context, InProcess())})

    told = client.get(PATH, headers=headers).json()
    assert told["rows"] == 250
    assert told["holds"]
    assert told["unit"] == "probability"
    sizes = [i["mean_abs"] for i in told["importance"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(i["low"] <= i["mean_abs"] <= i["high"] for i in told["importance"])

    case = client.get(f"{PATH}/cases/7", headers=headers).json()
    assert case["base"] + sum(c["phi"] for c in case["contributions"]) == pytest.approx(
        case["score"], abs=1e-5
    )
    assert {c["feature"]: c["value"] for c in case["contributions"]}["purpose"] == table["purpose"][7]
    beyond = client.get(f"{PATH}/cases/250", headers=headers)
    assert (beyond.status_code, beyond.json()["code"]) == (404, "explanation.row_unknown")


def test_reading_needs_a_token_and_starting_a_version(client, bearer, table):
    assert client.get(PATH).status_code == 401
    assert client.post(PATH).status_code == 401
    headers = bearer("compliance")
    unknown = client.get("/api/v1/explanations/credlt/1", headers=headers)
    assert unknown.status_code == 404
    assert "credit" in unknown.text
    assert client.post("/api/v1/explanations/credit/9", headers=headers).status_code == 404


def test_what_drives_it_over_time_is_asked_for_and_read(client, store, bearer, table):
    headers = bearer("data_scientist")
    missing = client.post(f"{PATH}/drift", headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (409, "explanation.none")
    client.post(PATH, headers=headers)
    run_waiting(store, {queries.JOB_KIND: lambda context: work.explain(context, InProcess())})
    assert client.get(f"{PATH}/drift", headers=headers).json() == []
    started = client.post(f"{PATH}/drift", headers=headers)
    assert started.status_code == 202
    assert client.post(f"{PATH}/drift", headers=headers).json() == started.json()
    with store.reading() as view:
        version = registry.version_by_number(view, "credit", 1)
        found = queries.explanation(view, version.id)
    before = queries.attributions(store.files, found).to_numpy(float)
    month = Month(date(2026, 9, 1), 900, 250, shifts(before, before * 2, list(found.features)))
    with store.unit_of_work(SYSTEM) as uow:
        drift_commands.store(uow, version.id, found.values_digest, [month])
    (told,) = client.get(f"{PATH}/drift", headers=headers).json()
    assert (told["start"], told["rows"], told["sampled"]) == ("2026-09-01", 900, 250)
    assert {s["feature"] for s in told["shifts"] if s["moved"]} <= set(FEATURES)
    assert told["shifts"][0]["after"] == pytest.approx(2 * told["shifts"][0]["before"])
