"""The whole way of an upload: what becomes ready, what is refused and why, and that nothing is half-stored."""

import io
import os
import pickle
import statistics

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from core.assets.intake import commands, known, queries
from core.assets.registry import Task, VersionState
from core.assets.registry import queries as registered
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.jobs import queries as jobs
from core.platform.store import Actor


def csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def dumped(model: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


FEATURES = ["income", "debt", "age", "region"]


def pipeline(table: pd.DataFrame) -> object:
    columns = make_column_transformer(
        (StandardScaler(), ["income", "debt", "age"]), (OneHotEncoder(), ["region"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(table[FEATURES], table.y)


def test_a_classifier_becomes_ready_with_figures_of_the_reference(laboratory, rows):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    model = pipeline(table)
    version, found = laboratory.evaluate(dumped(model), csv(table), use_case="credit", protected=("region",))
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert (version.verdict, version.isolation, version.number) == ("known", laboratory.runner.level, 1)
    assert version.signature.names == tuple(FEATURES)
    assert version.signature.classes == ("0", "1")
    score = model.predict_proba(table[FEATURES])[:, 1]
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, score))
    assert found.metrics["log_loss"].value == pytest.approx(log_loss(table.y, score))
    assert all(m.low <= m.value <= m.high for n, m in found.metrics.items() if n not in {"ks", "ece"})
    assert found.reproducible
    assert found.latency_p50_ms > 0
    assert found.memory_mb > 1
    assert sum(map(sum, found.confusion.counts)) == len(table)
    assert all(len(series) <= 200 for curve in found.curves.values() for series in curve.values())
    kept = pd.read_parquet(laboratory.store.files.path(found.predictions_digest))
    np.testing.assert_allclose(kept.probability, score)
    assert laboratory.recorded().count("version.evaluated") == 1
    with laboratory.store.reading() as view:
        card = queries.card(view, version.id)
    assert card.completeness >= 0.6


def test_skops_and_text_labels(laboratory, rows):
    laboratory.use_case("credit", Task.BINARY)
    table = rows().assign(y=lambda t: t.y.map({0: "paid", 1: "late"}))
    buffer = io.BytesIO()
    skops.io.dump(pipeline(table), buffer)
    version, found = laboratory.evaluate(
        buffer.getvalue(), csv(table), use_case="credit", positive_label="late", operating_threshold=0.3
    )
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert version.format == "skops"
    assert found.threshold == 0.3
    assert found.confusion.labels == ("paid", "late")


def test_onnx(laboratory, rows):
    from skl2onnx import to_onnx

    laboratory.use_case("credit", Task.BINARY)
    table = rows()[["income", "debt", "y"]]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        table[["income", "debt"]].to_numpy(), table.y
    )
    graph = to_onnx(model, table[["income", "debt"]].to_numpy(np.float32)[:1]).SerializeToString()
    version, found = laboratory.evaluate(graph, csv(table), use_case="credit")
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    reference = roc_auc_score(table.y, model.predict_proba(table[["income", "debt"]].to_numpy())[:, 1])
    assert found.metrics["roc_auc"].value == pytest.approx(reference, abs=1e-4)


def test_regression_and_several_classes(laboratory, rows):
    laboratory.use_case("price", Task.REGRESSION)
    table = rows().assign(y=lambda t: 3 * t.income + t.debt)
    features = ["income", "debt"]
    version, found = laboratory.evaluate(
        dumped(LinearRegression().fit(table[features], table.y)), csv(table), use_case="price"
    )
    assert version.state is VersionState.READY
    assert found.metrics["r2"].value == pytest.approx(1)
    laboratory.use_case("kind", Task.MULTICLASS)
    table["y"] = np.where(table.income > 1, "a", np.where(table.debt > 0, "b", "c"))
    forest = RandomForestClassifier(10, random_state=0).fit(table[features], table.y)
    version, found = laboratory.evaluate(dumped(forest), csv(table), use_case="kind")
    assert version.state is VersionState.READY
    assert set(found.metrics) == {"accuracy", "f1_macro", "roc_auc_ovr", "log_loss"}


def test_a_classifier_without_probabilities_is_measured_on_its_classes(laboratory, rows):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    model = LinearSVC().fit(table[["income", "debt"]], table.y)
    version, found = laboratory.evaluate(dumped(model), csv(table), use_case="credit")
    assert version.state is VersionState.READY
    margins = model.decision_function(table[["income", "debt"]])
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, margins))
    assert found.metrics["f1"].value == pytest.approx(
        f1_score(table.y, model.predict(table[["income", "debt"]]))
    )
    assert "brier" not in found.metrics


class Call:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def test_a_hostile_file_is_refused_and_never_runs(laboratory, rows, canary):
    laboratory.use_case("credit", Task.BINARY)
    evil = pickle.dumps(Call(os.system, f"touch {canary}"))
    version, found = laboratory.evaluate(evil, csv(rows()), use_case="credit")
    assert (version.state, version.verdict, found) == (VersionState.REFUSED, "refused", None)
    assert version.refusal.code == "artifact.refused"
    assert "system" in version.refusal.text()
    assert laboratory.recorded().count("version.refused") == 1
    assert not canary.exists()


def test_unknown_names_wait_for_a_reviewer_who_is_not_the_author(laboratory, rows, actor):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()[["income", "debt", "y"]]
    model = make_pipeline(FunctionTransformer(np.abs), LogisticRegression()).fit(
        table[["income", "debt"]], table.y
    )
    model.extra = statistics.mean
    version, found = laboratory.evaluate(dumped(model), csv(table), use_case="credit")
    assert (version.state, version.verdict, found) == (VersionState.RECEIVED, "review", None)
    assert version.names == ("statistics.mean",)
    listed = known.current().version
    with pytest.raises(Refused), laboratory.store.unit_of_work(laboratory.author) as uow:
        commands.approve_names(uow, version.id, list_version=listed)
    both = Actor(laboratory.author.id, "person", frozenset({"validator", "data_scientist"}))
    with pytest.raises(Refused, match="own"), laboratory.store.unit_of_work(both) as uow:
        commands.approve_names(uow, version.id, list_version=listed)
    with laboratory.store.unit_of_work(actor("validator")) as uow:
        commands.approve_names(uow, version.id, list_version=listed)
    laboratory.work()
    with laboratory.store.reading() as view:
        assert registered.version(view, version.id).state is VersionState.READY
        assert queries.evaluation(view, version.id) is not None


def forest_missing(table):
    return LogisticRegression().fit(table.rename(columns={"income": "Incomes"})[["Incomes", "debt"]], table.y)


@pytest.mark.parametrize(
    ("make", "label", "code", "says"),
    [
        (forest_missing, "y", "signature.missing_columns", "income → Incomes"),
        (lambda t: LogisticRegression().fit(t[["income", "y"]], t.y), "y", "signature.label_is_feature", "y"),
        (lambda t: LinearRegression().fit(t[["income"]], t.y), "y", "model.task", "quantity"),
        (lambda t: StandardScaler().fit(t[["income"]]), "y", "model.no_predict", "StandardScaler"),
        (lambda t: {"a": 1}, "y", "model.no_predict", "dict"),
        (lambda t: LogisticRegression().fit(t[["income"]], t.y), "region", "label.unknown_values", "north"),
        (lambda t: LogisticRegression().fit(t[["income"]].to_numpy(), t.y), "y", "signature.count", "4"),
        (
            lambda t: LogisticRegression().fit(t[["income"]], pd.cut(t.debt, 3, labels=["a", "b", "c"])),
            "y",
            "model.classes",
            "3",
        ),
        (lambda t: LogisticRegression(), "y", "model.task", ""),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(laboratory, rows, make, label, code, says):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    version, found = laboratory.evaluate(dumped(make(table)), csv(table), use_case="credit", label=label)
    assert version.state is VersionState.REFUSED
    assert version.refusal.code == code
    assert says in version.refusal.text() + version.refusal.fix_text()
    assert found is None
    assert "version.evaluated" not in laboratory.recorded()


def test_a_job_run_again_changes_nothing(laboratory, rows):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    draft = laboratory.draft(dumped(pipeline(table)), csv(table))
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        version, job = commands.submit_draft(uow, draft, use_case="credit", label_column="y")
    laboratory.work()
    with laboratory.store.reading() as view:
        assert jobs.job(view, job).state == "done"
        before = queries.evaluation(view, version)
    from core.platform.jobs.commands import enqueue

    with laboratory.store.unit_of_work(laboratory.author) as uow:
        enqueue(uow, "intake.evaluate", "version", version, {"version": version})
    laboratory.work()
    with laboratory.store.reading() as view:
        assert queries.evaluation(view, version) == before
    assert laboratory.recorded().count("version.evaluated") == 1


def test_a_draft_belongs_to_its_author_and_is_submitted_once(laboratory, rows, actor):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    draft = laboratory.draft(dumped(pipeline(table)), csv(table))
    with pytest.raises(NotFound), laboratory.store.unit_of_work(actor("data_scientist")) as uow:
        commands.submit_draft(uow, draft, use_case="credit", label_column="y")
    with pytest.raises(Refused), laboratory.store.unit_of_work(actor("viewer")) as uow:
        commands.open_draft(uow)
    with (
        pytest.raises(Invalid, match="Did you mean income"),
        laboratory.store.unit_of_work(laboratory.author) as uow,
    ):
        commands.submit_draft(uow, draft, use_case="credit", label_column="incom")
    with pytest.raises(NotFound, match="credit"), laboratory.store.unit_of_work(laboratory.author) as uow:
        commands.submit_draft(uow, draft, use_case="credits", label_column="y")
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        commands.submit_draft(uow, draft, use_case="credit", label_column="y")
    with pytest.raises(Conflict), laboratory.store.unit_of_work(laboratory.author) as uow:
        commands.submit_draft(uow, draft, use_case="credit", label_column="y")


def test_versions_count_within_their_use_case(laboratory, rows):
    table = rows()
    model = dumped(pipeline(table))
    for slug in ("one", "two"):
        laboratory.use_case(slug, Task.BINARY)
    numbers = []
    for slug in ("one", "two", "one"):
        draft = laboratory.draft(model, csv(table))
        with laboratory.store.unit_of_work(laboratory.author) as uow:
            version, _ = commands.submit_draft(uow, draft, use_case=slug, label_column="y")
            numbers.append(registered.version(uow.session, version).number)
    assert numbers == [1, 1, 2]


def test_joblib_compressed(laboratory, rows):
    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    buffer = io.BytesIO()
    joblib.dump(pipeline(table), buffer, compress=("xz", 3))
    version, _ = laboratory.evaluate(buffer.getvalue(), csv(table), use_case="credit")
    assert version.state is VersionState.READY


def test_a_card_keeps_its_revisions(laboratory, rows):
    from core.assets.registry import commands as registry

    laboratory.use_case("credit", Task.BINARY)
    table = rows()
    draft = laboratory.draft(dumped(pipeline(table)), csv(table))
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        version, _ = commands.submit_draft(uow, draft, use_case="credit", label_column="y")
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        assert registry.edit_card(uow, version, {"limits.ethics": "first"}) == 1
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        assert registry.edit_card(uow, version, {"limits.ethics": "second", "model.contact": "team"}) == 2
    with pytest.raises(Conflict), laboratory.store.unit_of_work(laboratory.author) as uow:
        registry.edit_card(uow, version, {"limits.ethics": "second"})
    with pytest.raises(Invalid), laboratory.store.unit_of_work(laboratory.author) as uow:
        registry.edit_card(uow, version, {"no.field": "x"})
    with laboratory.store.reading() as view:
        assert [r.values["limits.ethics"] for r in registered.card_revisions(view, version)] == [
            "first",
            "second",
        ]
        assert queries.card(view, version).revision == 2
