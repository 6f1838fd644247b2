"""`aval kpi evaluate` without a server: a value, no value, and formulas that are refused."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from app.cli import main


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
