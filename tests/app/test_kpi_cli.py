"""`aval kpi evaluate` without a server: a value, no value, and formulas that are refused."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from app.cli import main
from core.evidence.kpis import commands, queries
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.monitoring.conftest import ready_version
from tests.people import add_row


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "loans.csv"
    pd.DataFrame(
        {
            "amount": [100.0, 250.0, 80.0, None],
            "region": ["n", "s", "n", "s"],
            "late": [True, False, False, True],
        }
    ).to_csv(path, index=False)
    return str(path)


def run(*words):
    return CliRunner().invoke(main, ["kpi", "evaluate", *words])


def test_a_value_in_words_and_as_json(table):
    done = run(
        "--formula",
        "sum(case when late then -amount else 0.1 * amount end)",
        "--table",
        table,
        "--unit",
        "amount=BRL",
    )
    assert done.exit_code == 0, done.output
    assert "-67 BRL" in done.output
    assert "The sum over all rows" in done.output
    told = json.loads(run("--formula", "share(late)", "--table", table, "--json").output)
    assert (told["value"], told["n"], told["method"], told["columns"]) == (0.5, 4, "exact", ["late"])
    assert 0 < told["low"] < 0.5 < told["high"] < 1


def test_parquet_with_text_and_a_formula_file(tmp_path, table):
    path = tmp_path / "loans.parquet"
    pd.read_csv(table).to_parquet(path)
    (tmp_path / "f.txt").write_text("count_if(region = 'n')\n")
    done = run("--formula", f"@{tmp_path / 'f.txt'}", "--table", str(path), "--json")
    assert json.loads(done.output)["value"] == 2


def test_no_value_ends_with_one(table):
    done = run("--formula", "sum(amount) / (count(*) - 4)", "--table", table)
    assert done.exit_code == 1
    assert "No value" in done.output


def test_refused_with_the_place(table):
    done = run("--formula", "sum(amuont)", "--table", table)
    assert done.exit_code == 2
    assert "Did you mean amount?" in done.output
    assert "sum(amuont)\n    ^" in done.output
    told = json.loads(run("--formula", "sum(amuont)", "--table", table, "--json").output)
    assert (told["code"], told["position"]) == ("kpi.formula.column", 5)
    assert run("--formula", "count(*)", "--table", "nowhere.csv").exit_code == 2


DEFINITIONS = """
[[kpi]]
use_case = "credit"
name = "Profit"
owner = "tomasz@example.org"
kind = "business"
formula = "sum(0.03 * income)"
currency = "BRL"
target = 1000
units = { income = "BRL" }
"""


def test_definitions_are_proposed_from_a_file_and_written_back(store, tmp_path):
    it = ready_version(store)
    folder = ["--folder", store.settings.folder]
    with store.unit_of_work(SYSTEM) as uow:
        for name in ("Tomasz", "Camila"):
            add_row(uow, f"per_{name}", name, ["operations"])
    path = tmp_path / "kpis.toml"
    path.write_text(DEFINITIONS)
    call = lambda *words: CliRunner().invoke(main, ["kpi", *words])  # noqa: E731
    done = call("import", *folder, str(path), "--as", "tomasz@example.org")
    assert done.exit_code == 0, done.output
    assert "Profit: proposed." in done.output
    with store.reading() as view:
        (proposed,) = queries.proposals(view)
    assert proposed.use_case_id == it.use_case_id
    with store.unit_of_work(Actor("per_Camila", "person", frozenset({"operations"}))) as uow:
        commands.approve_kpi(uow, proposed.revision_id)
    listed = call("list", *folder)
    assert listed.exit_code == 0, listed.output
    path.write_text(listed.output)
    assert "stands as it is" in call("import", *folder, str(path), "--as", "tomasz@example.org").output
    path.write_text(listed.output.replace("target = 1000.0", "target = 2000.0"))
    assert "a change is proposed" in call("import", *folder, str(path), "--as", "tomasz@example.org").output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("target = 1000", 'target = "much"'),
        ("[[kpi]]", "[[kpis]]"),
        ('kind = "business"', 'kind = "fun"'),
        ('currency = "BRL"', 'curency = "BRL"'),
        ('owner = "tomasz@example.org"', 'owner = "nobody@example.org"'),
        ("sum(0.03 * income)", "sum(0.03 * incme)"),
        ("use_case", "= x"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_whole(store, tmp_path, change, said):
    ready_version(store)
    with store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_t", "Tomasz", ["operations"])
    path = tmp_path / "kpis.toml"
    path.write_text(DEFINITIONS.replace(change, said, 1))
    done = CliRunner().invoke(
        main, ["kpi", "import", "--folder", store.settings.folder, str(path), "--as", "tomasz@example.org"]
    )
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    with store.reading() as view:
        assert queries.proposals(view) == ()
