"""Fairness from the command line and over REST: what it says, what it refuses, and that both agree."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from app.api import fairness, robustness, slices
from app.cli import main
from core.evidence.slices import queries as sliced
from core.evidence.slices import work as slicing
from core.platform.jobs.handling import run_waiting
from tests.app.rest import asking, claimed
from tests.app.test_explanations import bearer  # noqa: F401 - a fixture
from tests.core.evidence.fairness.test_work import HANDLERS, evaluated, people


@pytest.fixture
def cases(tmp_path):
    path = tmp_path / "cases.csv"
    people().assign(decided=lambda t: (t["score"] >= 0.5).astype(int)).to_csv(path, index=False)
    return str(path)


def call(*words: str):
    return CliRunner().invoke(main, ["fairness", *words], env={"LANGUAGE": "en"})


def test_by_score_or_by_prediction_is_the_same(cases):
    """With a threshold the decisions are those that a column of decisions would give."""
    common = [
        "--label",
        "default",
        "--favourable",
        "0",
        "--protected",
        "raca",
        "--preset",
        "brazil",
        "--json",
    ]
    by_score = json.loads(call(cases, "--score", "score", *common).output)
    by_decision = json.loads(call(cases, "--prediction", "decided", *common).output)
    for metric in ("selection_rate", "true_positive_rate", "precision"):
        for a, b in zip(by_score["single"][0]["groups"], by_decision["single"][0]["groups"], strict=True):
            assert a["figures"].get(metric) == b["figures"].get(metric)
    assert by_score["thresholds"]
    assert by_score["verdict"] == "beyond"
    hidden = [g for g in by_score["single"][0]["groups"] if not g["figures"]]
    assert [(g["name"], g["n"]) for g in hidden] == [(["indígena"], 9)]


def test_exit_status_says_whether_a_line_is_crossed(cases):
    beyond = call(cases, "--label", "default", "--score", "score", "--favourable", "0", "--protected", "raca", "--preset", "brazil")  # fmt: skip
    assert beyond.exit_code == 1
    assert "raca: preta comes to" in beyond.output
    assert "Holm" in beyond.output
    within = call(cases, "--label", "default", "--score", "score", "--favourable", "0", "--protected", "sex")
    assert within.exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--label", "defualt", "--score", "score", "--protected", "sex"], "Did you mean default?"),
        (["--label", "default", "--protected", "sex"], "--prediction COLUMN or --score COLUMN"),
        (["--label", "default", "--score", "case", "--protected", "sex"], "are no numbers"),
        (["--label", "default", "--score", "score", "--favourable", "yes", "--protected", "sex"], "The labels are: 0, 1"),
        (["--label", "sex", "--score", "score", "--protected", "race"], "has no column race"),
        (["--label", "raca", "--score", "score", "--protected", "sex"], "says nothing of"),
    ],
)  # fmt: skip
def test_bad_input_is_told_with_its_fix(cases, words, said):
    found = call(cases, *words)
    assert found.exit_code in {1, 2}
    assert said in found.output
    assert "Traceback" not in found.output


def test_quantities(tmp_path):
    path = tmp_path / "prices.csv"
    frame = people()
    frame.assign(estimate=frame["income"] * 1.1).to_csv(path, index=False)
    found = call(str(path), "--label", "income", "--prediction", "estimate", "--quantity", "--protected", "sex", "--json")  # fmt: skip
    figures = json.loads(found.output)["single"][0]["groups"][0]["figures"]
    assert set(figures) == {"mean_absolute_error", "mean_prediction", "mean_error"}


@pytest.fixture
def client(store, monkeypatch):
    fairness.turns.cache_clear()
    claimed(store, monkeypatch)
    with asking(store, fairness, robustness, slices) as client:
        yield client


def test_declare_send_people_and_read(store, client, bearer):  # noqa: F811
    table = people()
    evaluated(store, table.drop(columns="raca"))
    officer = bearer("compliance")
    base = "/api/v1/fairness/credit"
    assert client.get(f"{base}/declaration", headers=officer).status_code == 404
    body = {"attributes": ["sex"], "favourable": "0", "preset": "brazil"}
    assert client.put(f"{base}/declaration", json=body, headers=officer).json() == {"measured_anew": 1}
    apart = table[["case", "raca"]].to_csv(index=False).encode()
    sent = client.put(
        f"{base}/people",
        params={"key": "case", "lawful_basis": "legal_obligation"},
        content=apart,
        headers=officer,
    )
    assert sent.status_code == 202, sent.text
    run_waiting(store, HANDLERS)
    held = client.get(f"{base}/declaration", headers=officer).json()
    assert held["attributes"] == ["sex", "raca"]
    assert held["key_column"] == "case"
    told = client.get(f"{base}/1", headers=officer).json()
    assert {tuple(p["attributes"]) for p in told["report"]["single"]} == {("sex",), ("raca",)}
    assert "preta" in told["verdict"]
    assert client.get(f"{base}/1/months", headers=officer).json() == []


def test_a_table_without_a_basis_or_with_a_key_twice_is_refused(store, client, bearer):  # noqa: F811
    evaluated(store, people(200))
    officer = bearer("compliance")
    csv = pd.DataFrame({"case": ["c1", "c1"], "x": ["a", "b"]}).to_csv(index=False).encode()
    path = "/api/v1/fairness/credit/people"
    twice = client.put(path, params={"key": "case", "lawful_basis": "consent"}, content=csv, headers=officer)
    assert twice.status_code == 422
    assert twice.json()["code"] == "fairness.key_twice"
    once = csv.replace(b"c1,b", b"c2,b")
    bare = client.put(path, params={"key": "case"}, content=once, headers=officer)
    assert bare.json()["code"] == "fairness.basis"
    other = client.put(path, params={"key": "case"}, content=once, headers=bearer("business"))
    assert other.status_code == 403


def test_slices_over_rest(store, client, bearer):  # noqa: F811
    evaluated(store, people())
    headers = bearer("validator")
    assert client.get("/api/v1/slices/credit/1", headers=headers).status_code == 404
    assert client.post("/api/v1/slices/credit/1", headers=headers).status_code == 202
    run_waiting(store, {**HANDLERS, sliced.JOB_KIND: slicing.analyse})
    told = client.get("/api/v1/slices/credit/1", headers=headers).json()["report"]
    assert told["rows"] == 450
    assert told["slices"]
    assert client.get("/api/v1/robustness/credit/1", headers=headers).status_code == 404
