"""`aval scan`, `aval evaluate` and `aval doctor`: without a server, with exit statuses that CI can use."""

import json
import os
import pickle
import statistics

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

from app.cli import main


@pytest.fixture
def table() -> pd.DataFrame:
    generator = np.random.default_rng(2)
    found = pd.DataFrame(generator.normal(size=(300, 2)), columns=["income", "debt"])
    return found.assign(y=(found.income - found.debt + generator.normal(size=300) > 0).astype(int))


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.fixture
def files(tmp_path, table):
    model = LogisticRegression().fit(table[["income", "debt"]], table.y)
    joblib.dump(model, tmp_path / "known.joblib")
    model.extra = statistics.mean
    joblib.dump(model, tmp_path / "review.joblib")
    (tmp_path / "refused.joblib").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "note.txt").write_text("a,b\n1,2\n")
    table.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path


def run(*words: object):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["known.joblib"], 0),
        (["known.joblib", "review.joblib"], 1),
        (["refused.joblib", "known.joblib", "review.joblib"], 2),
        (["note.txt"], 2),
    ],
)
def test_the_status_of_a_scan_is_that_of_the_worst_file(files, names, status, monkeypatch):
    monkeypatch.setattr("app.scan._limit_memory", lambda: None)
    done = run("scan", "--json", *(files / n for n in names))
    assert done.exit_code == status, done.output
    found = json.loads(done.output)
    assert [set(one) for one in found] == [{"file", "format", "sha256", "verdict", "reason", "names"}] * len(
        names
    )
    by_name = {one["file"].rsplit("/", 1)[-1]: one for one in found}
    if "review.joblib" in by_name:
        assert by_name["review.joblib"]["names"] == ["statistics.mean"]
    if "refused.joblib" in by_name:
        assert "system" in by_name["refused.joblib"]["reason"]
    if "known.joblib" in by_name:
        assert by_name["known.joblib"]["verdict"] == "known"
    assert run("scan", *(files / n for n in names)).exit_code == status


def test_evaluate_says_what_the_reference_says(files, table):
    done = run(
        "evaluate", files / "known.joblib", files / "table.csv", "--label", "y", "--positive", "1", "--json"
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    model = joblib.load(files / "known.joblib")
    scores = model.predict_proba(table[["income", "debt"]])[:, 1]
    assert found["metrics"]["roc_auc"]["value"] == pytest.approx(roc_auc_score(table.y, scores))
    assert (found["task"], found["verdict"], found["reproducible"]) == ("binary", "known", True)
    assert found["rows"] == len(table)


def test_evaluate_of_several_classes_a_quantity_and_a_mapping(files, table):
    X = table[["income", "debt"]]
    kinds = np.where(table.income > 0.5, "a", np.where(table.income > -0.5, "b", "c"))
    several, amount = LogisticRegression().fit(X, kinds), LinearRegression().fit(X, table.income * 3)
    joblib.dump(several, files / "several.joblib")
    joblib.dump(amount, files / "amount.joblib")
    table.assign(kind=kinds, amount=table.income * 3 + table.y).rename(columns={"income": "renda"}).to_csv(
        files / "other.csv", index=False
    )
    asked = ("--map", "income=renda", "--json")
    found = json.loads(
        run("evaluate", files / "several.joblib", files / "other.csv", "--label", "kind", *asked).stdout
    )
    assert found["task"] == "multiclass"
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(accuracy_score(kinds, several.predict(X)))
    found = json.loads(
        run("evaluate", files / "amount.joblib", files / "other.csv", "--label", "amount", *asked).stdout
    )
    assert found["task"] == "regression"
    assert found["metrics"]["r2"]["value"] == pytest.approx(
        r2_score(table.income * 3 + table.y, amount.predict(X))
    )


def test_evaluate_refuses_what_a_server_refuses(files):
    done = run("evaluate", files / "refused.joblib", files / "table.csv", "--label", "y")
    assert done.exit_code == 1
    assert "system" in done.output
    done = run("evaluate", files / "known.joblib", files / "table.csv", "--label", "z")
    assert done.exit_code == 1
    assert "z" in done.output


def test_doctor_names_each_probe_and_the_level():
    done = run("doctor", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert found["isolation"] in {"full", "basic"}
    assert found["probes"]["TCP"]["held"]
    assert set(found["libraries"]) == {"xgboost", "lightgbm", "catboost"}
