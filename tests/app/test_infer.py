"""Scoring over REST: the live version answers in the protocol's shape, and only it, and only to who may ask."""

from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from app import batch_scoring, scoring
from app.api import infer
from core.errors import Invalid, Refused
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.decisions import decisions_about
from core.platform.store import Actor
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.conftest import bench_on
from tests.core.decisions.retraining.conftest import FEATURES, loop_on, rows_of

V2 = "/api/v2"


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    yield bench_on(store, hands)
    scoring.close()


@pytest.fixture
def client(bench):
    with asking(bench.store, infer, prefix=V2) as client:
        yield client


def bearer(bench, name):
    return bearer_of(bench.store, bench.people[name])


@pytest.fixture
def live(bench, monkeypatch):
    """A real file that stands as live: how a version comes to be is asked elsewhere, and by the tests of clients."""
    made = loop_on(bench.store, None).champion
    facts = SimpleNamespace(
        version=made,
        deployment=SimpleNamespace(artifact_digest=made.artifact_digest),
        release=SimpleNamespace(id="rel_1"),
    )
    monkeypatch.setattr(scoring, "effective", lambda *_asked: (facts, facts))
    return made


def tensors(rows):
    return [
        {"name": "income", "shape": [len(rows)], "datatype": "FP64", "data": rows["income"].tolist()},
        {"name": "purpose", "shape": [len(rows)], "datatype": "BYTES", "data": rows["purpose"].tolist()},
        {"name": "months", "shape": [len(rows)], "datatype": "FP64", "data": rows["months"].tolist()},
    ]


def test_rows_are_answered_as_the_protocol_says_and_logged(client, bench, live):
    headers = bearer(bench, "ana")
    assert client.get(f"{V2}/models/credit/ready", headers=headers).json() == {
        "name": "credit",
        "ready": True,
    }
    told = client.get(f"{V2}/models/credit", headers=headers).json()
    assert [one["name"] for one in told["inputs"]] == FEATURES
    rows = rows_of(3, 9)
    body = {"id": "abc", "inputs": tensors(rows), "parameters": {"subject": "C-7"}}
    answer = client.post(f"{V2}/models/credit/infer", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["model_name"], said["model_version"], said["id"]) == ("credit", "1", "abc")
    assert said["parameters"]["digest"] == live.artifact_digest
    assert said["parameters"]["prediction_ids"] == ["abc-0", "abc-1", "abc-2"]
    model = joblib.load(bench.store.files.path(live.artifact_digest))
    chances = next(one for one in said["outputs"] if one["name"] == "probability")
    assert np.allclose(np.reshape(chances["data"], (3, 2)), model.predict_proba(rows[FEATURES]))
    scoring.scorer().flush()
    about = decisions_about(bench.store, [live.id], "C-7")
    assert {one.prediction_id for one in about} == {"abc-0", "abc-1", "abc-2"}
    with bench.store.reading() as view:
        assert sum(part.rows for part in monitoring.parts(view, live.id, BatchKind.PREDICTIONS)) == 3


def test_refusals_name_the_tensor_and_what_is_live(client, bench, live, monkeypatch):
    ana = bearer(bench, "ana")
    wrong = client.post(f"{V2}/models/credit/infer", json={"inputs": tensors(rows_of(2, 1))[1:]}, headers=ana)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "infer.inputs")
    assert (
        client.post(f"{V2}/models/credit/infer", json={"inputs": tensors(rows_of(1, 1))}).status_code == 401
    )
    monkeypatch.setattr(scoring, "effective", lambda *_asked: None)
    gone = client.post(f"{V2}/models/other/infer", json={"inputs": tensors(rows_of(1, 1))}, headers=ana)
    assert (gone.status_code, gone.json()["code"]) == (404, "infer.nothing_live")


def test_a_table_is_answered_whole_and_logged_under_its_ids_and_people(bench, live, monkeypatch):
    monkeypatch.setattr(batch_scoring, "CHUNK", 40)
    rows = rows_of(100, 9)
    table = rows.assign(ref=[f"R-{n}" for n in range(100)], who=[f"C-{n % 7}" for n in range(100)])
    shares: list[float] = []
    found = batch_scoring.score_table(
        bench.people["ana"], "credit", table, id_column="ref", subject_column="who", progress=shares.append
    )
    model = joblib.load(bench.store.files.path(live.artifact_digest))
    np.testing.assert_allclose(found["probability"], model.predict_proba(rows[FEATURES])[:, 1], atol=1e-12)
    assert found["prediction_id"].tolist() == table["ref"].tolist()
    assert shares == [0.4, 0.8, 1.0]
    scoring.scorer().flush()
    with bench.store.reading() as view:
        assert sum(p.rows for p in monitoring.parts(view, live.id, BatchKind.PREDICTIONS)) == 100


def test_a_table_that_cannot_be_meant_names_the_column(bench, live):
    ana, rows = bench.people["ana"], rows_of(5, 9)
    with pytest.raises(Invalid, match="months"):
        batch_scoring.score_table(ana, "credit", rows.drop(columns="months"))
    with pytest.raises(Invalid, match="ref"):
        batch_scoring.score_table(ana, "credit", rows.assign(ref="same"), id_column="ref")
    with pytest.raises(Invalid, match="1 to"):
        batch_scoring.score_table(ana, "credit", rows.head(0))
    with pytest.raises(Refused):
        batch_scoring.score_table(Actor("per_v", "person", frozenset({"viewer"})), "credit", rows)
