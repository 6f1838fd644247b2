"""`aval explain` on real files: figures that add up, and bad tables told by column and fix."""

import io
import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from app.cli import main
from core.assets.intake.runner import Runner
from tests.core.evidence.explain.registered import applicants

FEATURES = ["income", "months", "age"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    table = applicants(300).drop(columns="purpose")
    return table.assign(age=np.random.default_rng(3).integers(18, 80, 300))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, table: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    labels = np.where(table["default"] == 1, "bad", "good")
    boosted = HistGradientBoostingClassifier(max_iter=15).fit(table[FEATURES], labels)
    joblib.dump(boosted, folder / "boosted.joblib")
    whole = table[FEATURES].fillna(24)
    joblib.dump(LogisticRegression(max_iter=500).fit(whole, labels), folder / "linear.joblib")
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(whole.to_numpy(), labels)
    joblib.dump(forest, folder / "nameless.joblib")
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_runner(request: pytest.FixtureRequest):
    """One helper for all commands of this file: starting it takes seconds."""
    patch = pytest.MonkeyPatch()
    with Runner(["core.evidence.explain.isolated"]) as runner:

        class Shared:
            def __enter__(self):
                return runner

            def __exit__(self, *_):
                return None

        import app.explain as command

        patch.setattr(command, "Runner", lambda *_, **__: Shared())
        yield
    patch.undo()


def run(folder: Path, model: str, table: pd.DataFrame, *options: str):
    path = folder / "table.csv"
    table.to_csv(path, index=False)
    return CliRunner().invoke(main, ["explain", str(folder / model), str(path), *options])


def answered(folder: Path, model: str, table: pd.DataFrame, *options: str):
    result = run(folder, model, table, "--json", *options)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    total = np.array(found["base"]) + np.array(found["values"]).sum(axis=1)
    np.testing.assert_allclose(total, found["scores"], atol=1e-5)
    assert found["max_error"] <= 1e-5
    return found, result.stderr


def test_rows_of_a_boosted_model_in_its_margin(folder, table):
    found, said = answered(folder, "boosted.joblib", table, "--rows", "7")
    assert (found["features"], found["unit"], found["method"]) == (FEATURES, "margin", "tree_quadrature")
    assert np.shape(found["values"]) == (7, 3)
    model = joblib.load(folder / "boosted.joblib")
    np.testing.assert_allclose(found["scores"], model.decision_function(table[FEATURES].head(7)))
    assert "ignored columns: default" in said


def test_either_question_either_class(folder, table):
    path, _ = answered(folder, "boosted.joblib", table, "--rows", "5")
    drawn, _ = answered(folder, "boosted.joblib", table, "--rows", "5", "--question", "interventional")
    other, _ = answered(folder, "boosted.joblib", table, "--rows", "5", "--class", "bad")
    assert drawn["question"] == "interventional"
    assert not np.allclose(path["values"], drawn["values"])
    np.testing.assert_allclose(np.array(other["values"]), -np.array(path["values"]))
    result = run(folder, "boosted.joblib", table, "--class", "ugly")
    assert result.exit_code == 1
    assert "The model has no class ugly" in result.stderr
    assert "bad, good" in result.stderr


def test_parquet_holds_the_same_numbers(folder, table, tmp_path):
    result = run(
        folder, "boosted.joblib", table, "--rows", "4", "--parquet", "--output", str(tmp_path / "v.parquet")
    )
    assert result.exit_code == 0, result.output
    stored = pq.read_table(io.BytesIO((tmp_path / "v.parquet").read_bytes()))
    facts = json.loads(stored.schema.metadata[b"aval"])
    found, _ = answered(folder, "boosted.joblib", table, "--rows", "4")
    assert facts["method"] == found["method"]
    np.testing.assert_array_equal(stored.to_pandas()[[f"phi:{f}" for f in FEATURES]], found["values"])


def test_reordered_extra_one_class_one_row_and_gaps(folder, table):
    """What an explainer crashes on and what is only another way to write the same table."""
    straight, _ = answered(folder, "boosted.joblib", table, "--rows", "6")
    turned, said = answered(
        folder, "boosted.joblib", table[["age", "default", "months", "income"]], "--rows", "6"
    )
    np.testing.assert_allclose(turned["values"], straight["values"])
    assert "default" in said
    one_class, _ = answered(folder, "boosted.joblib", table[table["default"] == 1], "--rows", "6")
    assert len(one_class["values"]) == 6
    row, _ = answered(folder, "boosted.joblib", table, "--rows", "1")
    np.testing.assert_allclose(row["values"], straight["values"][:1])
    assert table["months"].isna().any()
    alone = run(folder, "boosted.joblib", table.head(1), "--json")
    assert alone.exit_code == 1
    assert "has one row" in alone.stderr  # there is nothing to hold it against


@pytest.mark.parametrize(
    ("change", "model", "parts"),
    [
        (lambda t: t.drop(columns="income"), "boosted.joblib", ["lacks 1 columns", "income"]),
        (lambda t: t.rename(columns={"income": "Income"}), "boosted.joblib", ["income", "Income → income"]),
        (lambda t: t, "linear.joblib", ["months", "missing values", "imputer"]),
        (lambda t: t.fillna(24).assign(age="old"), "linear.joblib", ["age", "old", "numbers"]),
        (lambda t: t, "nameless.joblib", ["3 features", "has 4"]),
    ],
)
def test_a_bad_table_is_told_by_column_and_fix(folder, table, change, model, parts):
    result = run(folder, model, change(table), "--json")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.stderr


def test_duplicate_columns_are_named(folder, table):
    path = folder / "twice.csv"
    text = table.to_csv(index=False).replace("months", "income", 1)
    path.write_text(text)
    result = CliRunner().invoke(main, ["explain", str(folder / "boosted.joblib"), str(path), "--json"])
    assert result.exit_code == 1
    assert "income" in result.stderr


def test_a_nameless_model_takes_the_columns_that_are_left(folder, table):
    found, _ = answered(folder, "nameless.joblib", table.fillna(24), "--without", "default", "--rows", "3")
    assert found["unit"] == "probability"
    result = run(folder, "nameless.joblib", table, "--without", "defualt")
    assert "Did you mean default?" in result.stderr


def test_a_person_reads_a_summary(folder, table):
    result = run(folder, "boosted.joblib", table, "--rows", "20")
    assert result.exit_code == 0
    assert "Exact, from the trees" in result.stdout
    assert "income" in result.stdout
