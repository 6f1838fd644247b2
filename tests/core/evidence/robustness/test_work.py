"""From the job to the stored report, through the isolated runner, for each task and for a model that refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from core.assets.datasets.reading import to_parquet
from core.assets.intake.runner import Runner
from core.assets.intake.tables import EvaluationRow
from core.assets.registry.queries import Task
from core.errors import Conflict
from core.evidence.robustness import commands, queries, work
from core.ids import new_id
from core.platform.jobs.handling import run_waiting
from tests.core.evidence.explain.registered import SCIENTIST, applicants, register

FEATURES = ["income", "purpose", "months"]


@pytest.fixture(scope="module")
def runner():
    with Runner() as runner:
        yield runner


def evaluated(store, version, label, prediction, *, labels=None):
    stored = pd.DataFrame({"row": range(len(label)), "label": label, "prediction": prediction})
    with store.unit_of_work(SCIENTIST) as uow:
        uow.session.add(
            EvaluationRow(
                id=new_id("evl"), version_id=version.id, dataset_id=version.dataset_id, started_at=uow.now,
                finished_at=uow.now, rows=len(label), metrics={}, threshold=0.5, curves={}, latency_p50_ms=0.1,
                confusion=None if labels is None else {"labels": labels, "counts": [[1] * len(labels)] * len(labels)},
                latency_p95_ms=0.2, memory_mb=1.0, reproducible=True, notes=[],
                predictions_digest=store.files.put_bytes(to_parquet(stored)).digest,
            )
        )  # fmt: skip
        uow.record("version.evaluated", "version", version.id)


def shaken(store, runner, version):
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_report(uow, version.id)
    run_waiting(store, {queries.JOB_KIND: lambda context: work.shake(context, runner)})
    with store.reading() as view:
        return queries.shaken(view, version.id)


def test_a_forest_loses_by_noise_and_refuses_nothing(any_store, runner):
    table = applicants(400)
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["purpose"]), (SimpleImputer(), ["income", "months"]))  # fmt: skip
    model = make_pipeline(columns, RandomForestClassifier(20, max_depth=5, random_state=0)).fit(table[FEATURES], table["default"])  # fmt: skip
    version = register(any_store, model, table, features=FEATURES)
    evaluated(any_store, version, table["default"], model.predict(table[FEATURES]), labels=["0", "1"])
    report = shaken(any_store, runner, version).report
    assert report.metric == "roc_auc"
    noise = [one for one in report.lines if one.kind == "noise"]
    assert [one.level for one in noise] == [0.05, 0.1, 0.2]
    assert noise[-1].drop.value > 0
    assert 0 < noise[-1].changed.value < 0.5
    assert report.standard("noise").level == 0.1
    assert not any(one.refusal for one in report.lines)


def test_a_model_that_takes_no_gaps_is_told_so_and_the_rest_is_measured(store, runner):
    table = applicants(400).dropna()
    model = LogisticRegression(max_iter=3000).fit(table[["income", "months"]], table["default"])
    version = register(store, model, table, features=["income", "months"])
    evaluated(store, version, table["default"], model.predict(table[["income", "months"]]), labels=["0", "1"])
    report = shaken(store, runner, version).report
    gaps = report.standard("missing")
    assert gaps.drop is None
    assert gaps.refusal
    assert report.standard("noise").drop is not None
    assert report.standard("swap") is None


def test_a_regression_is_told_by_its_r2(store, runner):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(0, 1, 300), "b": rng.normal(0, 1, 300)})
    table["default"] = 3 * table["a"] + rng.normal(0, 0.3, 300)
    model = LinearRegression().fit(table[["a", "b"]], table["default"])
    version = register(store, model, table, features=["a", "b"], task=Task.REGRESSION)
    evaluated(store, version, table["default"], model.predict(table[["a", "b"]]))
    report = shaken(store, runner, version).report
    assert report.metric == "r2"
    assert report.standard("noise").drop.low > 0


def test_scores_that_came_with_the_data_cannot_be_asked_again(store):
    table = applicants(100)
    version = register(store, LogisticRegression(), table, features=FEATURES)
    with store.unit_of_work(SCIENTIST) as uow:
        from core.assets.registry.tables import VersionRow

        uow.session.get(VersionRow, version.id).score_column = "score"
        with pytest.raises(Conflict):
            commands.request_report(uow, version.id)
