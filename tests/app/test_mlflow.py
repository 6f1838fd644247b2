"""A real MLflow server beside a real Aval: versions, aliases and logged metrics come in, the approved alias goes back."""

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sklearn.datasets import load_breast_cancer

from app.cli import main
from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registered
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.platform.access import commands as access
from core.platform.store import SYSTEM
from tests.app.going_live import make_live
from tests.app.mlflow_registry import registry
from tests.served import open_folder, person, serving, token

MODEL = "tumour's scorer"
CASE, WHERE = "tumours", "staging"

pytestmark = pytest.mark.timeout(600)


class Exchange:
    """Both servers, the people, and the `aval mlflow` command between them."""

    def __init__(self, mlflow, aval, store, people, table):
        self.mlflow, self.aval, self.store, self.people, self.table = mlflow, aval, store, people, table
        self.key = token(store, people["ana"])

    def run(self, *words):
        found = CliRunner().invoke(
            main,
            ["mlflow", words[0], "--tracking", self.mlflow.url, "--url", self.aval.url, *words[1:]],
            env={"AVAL_TOKEN": self.key, "LANGUAGE": "en"},
        )
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    def take(self, *words):
        asked = ["--model", MODEL, "--use-case", CASE, "--table", str(self.table), "--label", "outcome"]
        return self.run("import", *asked, "--positive-label", "malignant", *words)

    def give_back(self, *words):
        return self.run("export", "--use-case", CASE, "--environment", WHERE, *words)

    def get(self, route):
        with self.aval.api(self.key) as client:
            answer = client.get(route)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def versions(self):
        return sorted(self.get(f"use-cases/{CASE}/versions"), key=lambda v: v["number"])

    def aliases(self):
        found = self.mlflow.get("registered-models/get", name=MODEL)["registered_model"]
        return {one["alias"]: one["version"] for one in found["aliases"]}

    def make_live(self, number):
        with self.aval.api(self.key) as client:
            return make_live(client, self.store, CASE, number, WHERE, operations=self.people["otto"])


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exchange")
    table = folder / "tumours.csv"
    rows = load_breast_cancer(as_frame=True).frame
    rows["target"] = rows["target"].map({0: "malignant", 1: "benign"})
    rows.rename(columns={"target": "outcome"}).to_csv(table, index=False)
    with registry(folder / "mlflow") as mlflow:
        store = open_folder(folder / "aval")
        with store.unit_of_work(SYSTEM) as uow:
            access.claim_house(uow, "own")
            releases.publish_shipped(uow)
            registered.create_use_case(
                uow, slug=CASE, title="Tumours", purpose="Order further tests.", task=Task.BINARY,
                risk_tier=RiskTier.LOW, lawful_basis="consent",
            )  # fmt: skip
        people = {
            "ana": person(store, "ana", "data_scientist"),
            "otto": person(store, "otto", "operations"),
            "carl": person(store, "carl", "compliance"),
        }
        with serving(folder / "aval") as aval:
            mlflow.ready()
            mlflow.fill(MODEL, table)
            yield Exchange(mlflow, aval, store, people, table)
        store.close()


@pytest.fixture(scope="module")
def taken(exchange):
    return exchange.take("--all")


def test_the_list_names_versions_aliases_and_metrics(exchange):
    found = exchange.run("import")
    lines = found.output.splitlines()
    assert found.exit_code == 0, found.output
    assert lines[0] == MODEL
    assert [line.split()[:2] for line in lines[1:]] == [["v1", "accuracy"], ["v2", "@candidate"]]
    assert "gap" not in found.output


def test_versions_aliases_and_metrics_are_those_of_mlflow(exchange, taken):
    assert taken.exit_code == 0, taken.output
    first, second = exchange.versions()
    assert [v["state"] for v in (first, second)] == ["ready", "ready"]
    assert (first["format"], first["verdict"], first["model"]) == ("mlflow", "known", MODEL)
    for number, version in (("1", first), ("2", second)):
        there = exchange.mlflow.get("model-versions/get", name=MODEL, version=number)["model_version"]
        run = exchange.mlflow.get("runs/get", run_id=there["run_id"])["run"]["data"]
        logged = {one["key"]: one["value"] for one in run["metrics"] if one["key"] == "accuracy"}
        assert logged["accuracy"] > 0.9
        assert version["mlflow"] == {
            "server": exchange.mlflow.url,
            "model": MODEL,
            "version": number,
            "run_id": there["run_id"],
            "aliases": there.get("aliases", []),
            "metrics": logged,
            "params": {one["key"]: one["value"] for one in run["params"]},
        }
    assert second["mlflow"]["aliases"] == ["candidate"]
    assert second["note"] == "Less regularisation."
    assert "reported by MLflow: accuracy" in taken.output


def test_what_aval_measures_is_its_own_and_agrees(exchange, taken):
    for version in exchange.versions():
        one = exchange.get(f"use-cases/{CASE}/versions/{version['number']}")
        own = one["evaluation"]["metrics"]
        assert "gap" not in own
        assert own["roc_auc"]["value"] > 0.98
        assert own["roc_auc"]["low"] < own["roc_auc"]["value"]
        assert one["mlflow"]["metrics"]["accuracy"] == pytest.approx(own["accuracy"]["value"], abs=0.05)


def test_twice_imports_nothing_twice(exchange, taken):
    before = [v["id"] for v in exchange.versions()]
    again = exchange.take("--all")
    by_alias = exchange.take("--alias", "candidate")
    assert (again.exit_code, by_alias.exit_code) == (0, 0)
    assert again.output.count("imported already as tumours v") == 2
    assert "imported already as tumours v2" in by_alias.output
    assert [v["id"] for v in exchange.versions()] == before


def test_what_is_not_there_is_said(exchange, taken):
    assert exchange.take("--version", "9").exit_code == 3
    gone = exchange.take("--alias", "champion")
    assert (gone.exit_code, "it has candidate" in gone.stderr) == (3, True)
    assert exchange.take().exit_code == 2
    refused = exchange.take("--version", "2", "--again", "--protected", "nowhere")
    assert (refused.exit_code, "nowhere" in refused.stderr) == (3, True)


def test_the_alias_follows_the_approval_and_nothing_else(exchange, taken):
    early = exchange.give_back()
    assert (early.exit_code, "Nothing is live" in early.stderr) == (3, True)
    live = exchange.make_live(1)
    done = exchange.give_back()
    assert done.exit_code == 0, done.output
    assert exchange.aliases() == {"candidate": "2", "champion": "1"}
    version = exchange.mlflow.get("model-versions/get", name=MODEL, version="1")["model_version"]
    assert {one["key"]: one["value"] for one in version["tags"]} == {
        "aval.use_case": CASE,
        "aval.environment": WHERE,
        "aval.version": "1",
        "aval.release": live["decision"]["id"],
        "aval.snapshot": live["decision"]["snapshot"],
        "aval.artifact_sha256": live["digest"],
    }

    (model_file,) = [
        p for p in exchange.mlflow.artifacts.rglob("MLmodel") if version["source"].split("/")[-1] in str(p)
    ]
    kept = model_file.read_bytes()
    model_file.write_bytes(kept + b"\n")
    changed = exchange.give_back("--alias", "production")
    assert (changed.exit_code, "not those that were approved" in changed.stderr) == (3, True)
    model_file.write_bytes(kept)

    elsewhere = CliRunner().invoke(
        main,
        ["mlflow", "export", "--tracking", exchange.mlflow.url.replace("127.0.0.1", "localhost"), "--url", exchange.aval.url, "--use-case", CASE, "--environment", WHERE],
        env={"AVAL_TOKEN": exchange.key},
    )  # fmt: skip
    assert (elsewhere.exit_code, "came from http://127.0.0.1" in elsewhere.stderr) == (3, True)

    with exchange.store.unit_of_work(exchange.people["carl"]) as uow:
        findings.open_finding(
            uow, version_id=live["version_id"], title="Wrong labels", text="", severity=Severity.CRITICAL,
            owner_id=exchange.people["ana"].id, due_at=uow.now + timedelta(days=5),
        )  # fmt: skip
    suspended = exchange.give_back("--alias", "production")
    assert (suspended.exit_code, "suspended" in suspended.stderr) == (3, True)
    assert "blocking finding" in suspended.stderr
    assert exchange.aliases() == {"candidate": "2", "champion": "1"}
