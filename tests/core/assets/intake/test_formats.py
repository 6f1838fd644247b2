"""Every format that is evaluated, from its bytes to figures of the library itself; and those governed by scores alone."""

import io
import json
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from core.assets.intake import commands, formats, verdict
from core.assets.intake.formats import Format
from core.assets.intake.verdict import Verdict
from core.assets.registry import Task, VersionState
from core.errors import Invalid
from tests.core.assets.intake.test_work import csv, dumped

NUMBERS = ["income", "debt", "age"]


def mlflow(flavours: str, **members: bytes) -> bytes:
    """A model folder as MLflow writes it, as ZIP."""
    said = (
        f"artifact_path: model\nflavors:\n{flavours}"
        "mlflow_version: 3.7.0\nmodel_size_bytes: 1280\nmodel_uuid: 0b6e4c2f\nrun_id: 9f41aa\n"
        "saved_input_example_info: null\n"
        "signature:\n"
        '  inputs: \'[{"type": "double", "name": "income", "required": true}, {"type": "double", "name": "debt"}]\'\n'
        '  outputs: \'[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]\'\n'
        "  params: null\nmetadata:\n  team: credit\nutc_time_created: '2026-11-20 10:11:12.13'\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("model/MLmodel", said)
        made.writestr("model/requirements.txt", "scikit-learn==1.9.1\n# comment\npandas\n")
        for name, data in members.items():
            made.writestr("model/" + name.replace("__", "."), data)
    return buffer.getvalue()


SKLEARN = (
    "  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n"
    "    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    predict_fn: predict\n    python_version: 3.11.2\n"
    "  sklearn:\n    code: null\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n"
    "    sklearn_version: 1.9.1\n"
)


@pytest.fixture
def table(rows) -> pd.DataFrame:
    return rows()


def boosted(kind: str, table: pd.DataFrame) -> tuple[bytes, np.ndarray]:
    """The file of a trained booster with a column of categories, and its own probabilities."""
    X = table[[*NUMBERS, "region"]]
    if kind.startswith("xgboost"):
        xgboost = pytest.importorskip("xgboost")
        X = X.assign(region=X.region.astype("category"))
        model = xgboost.XGBClassifier(n_estimators=5, enable_categorical=True).fit(X, table.y)
        data = bytes(model.get_booster().save_raw("json" if kind == "xgboost json" else "ubj"))
    elif kind == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        X = X.assign(region=X.region.astype("category"))
        model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X, table.y)
        data = model.booster_.model_to_string().encode()
    else:
        catboost = pytest.importorskip("catboost")
        model = catboost.CatBoostClassifier(
            iterations=5, verbose=0, cat_features=["region"], allow_writing_files=False
        ).fit(X, table.y)
        data = model._serialize_model()
    return data, model.predict_proba(X)[:, 1]


@pytest.mark.parametrize("kind", ["xgboost json", "xgboost ubj", "lightgbm", "catboost"])
def test_a_booster_s_own_file(laboratory, table, kind):
    laboratory.use_case("credit", Task.BINARY)
    data, scores = boosted(kind, table)
    version, found = laboratory.evaluate(data, csv(table), use_case="credit")
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert version.format == kind.split(" ")[0]
    assert version.verdict == "known"
    assert version.signature.names == (*NUMBERS, "region")
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores), abs=1e-6)
    kept = pd.read_parquet(laboratory.store.files.path(found.predictions_digest))
    np.testing.assert_allclose(kept.probability, scores, atol=1e-6)
    assert found.reproducible


@pytest.mark.parametrize("kind", ["xgboost json", "xgboost ubj", "lightgbm", "catboost"])
def test_a_cut_booster_is_refused(table, kind):
    data, _ = boosted(kind, table)
    file = io.BytesIO(data[: len(data) // 2])
    found = verdict.judge(file, formats.recognise(file, name="model"))
    assert found.verdict is Verdict.REFUSED
    assert "whole" in found.reason


def test_an_estimator_of_a_booster_in_joblib(laboratory, table):
    lightgbm = pytest.importorskip("lightgbm")
    laboratory.use_case("credit", Task.BINARY)
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(table[NUMBERS], table.y)
    version, found = laboratory.evaluate(dumped(model), csv(table), use_case="credit")
    assert (version.state, version.verdict) == (VersionState.READY, "known")
    scores = model.predict_proba(table[NUMBERS])[:, 1]
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores))


def test_a_booster_whose_library_is_missing_names_the_extra(laboratory, runner, table, tmp_path, monkeypatch):
    from core.assets.intake.answers import raise_reported

    with pytest.raises(Invalid) as raised:
        raise_reported({"error": "library", "text": "xgboost"}, 1)
    assert "aval[boosters]" in raised.value.fix_text()
    assert "xgboost" in raised.value.text()


def test_an_mlflow_folder_is_read_through_to_its_model(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    model = LogisticRegression().fit(table[["income", "debt"]], table.y)
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    data = mlflow(SKLEARN, model__pkl=buffer.getvalue(), conda__yaml=b"name: x")
    version, found = laboratory.evaluate(data, csv(table), use_case="credit")
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert (version.format, version.verdict) == ("mlflow", "known")
    assert version.origin["flavours"] == ["python_function", "sklearn"]
    assert version.origin["requirements"] == ["scikit-learn==1.9.1", "pandas"]
    assert version.origin["inputs"] == [
        {"name": "income", "type": "double"},
        {"name": "debt", "type": "double"},
    ]
    assert version.origin["metadata"] == {"team": "credit"}
    assert (version.origin["run_id"], version.origin["python"]) == ("9f41aa", "3.11.2")
    scores = model.predict_proba(table[["income", "debt"]])[:, 1]
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores))


@pytest.mark.parametrize(
    ("flavours", "member", "made"),
    [
        ("  lightgbm:\n    data: model.lgb\n    lgb_version: 4.7.0\n", "model__lgb", "lightgbm"),
        (
            "  xgboost:\n    data: model.ubj\n    model_class: xgboost.core.Booster\n",
            "model__ubj",
            "xgboost ubj",
        ),
        ("  catboost:\n    data: model.cb\n    save_format: cbm\n", "model__cb", "catboost"),
    ],
)
def test_an_mlflow_folder_of_a_booster(runner, tmp_path, table, flavours, member, made):
    data, scores = boosted(made, table)
    path = tmp_path / "model.zip"
    path.write_bytes(mlflow(flavours, **{member: data}))
    with path.open("rb") as file:
        assert formats.recognise(file, name="model.zip") is Format.MLFLOW
        found = verdict.judge(file, Format.MLFLOW)
    assert (found.verdict, found.facts["inner"]) == (Verdict.KNOWN, made.split(" ")[0])
    answer = runner.predict(path, "mlflow", table[[*NUMBERS, "region"]], trusted=found.names)
    np.testing.assert_allclose(answer.probabilities[:, 1], scores, atol=1e-6)


def test_an_mlflow_folder_hides_no_hostile_pickle(canary, tmp_path):
    import os
    import pickle

    from tests.core.assets.intake.test_work import Call

    file = io.BytesIO(mlflow(SKLEARN, model__pkl=pickle.dumps(Call(os.system, f"touch {canary}"))))
    found = verdict.judge(file, formats.recognise(file, name="model.zip"))
    assert found.verdict is Verdict.REFUSED
    assert "system" in found.reason
    assert not canary.exists()


def test_what_is_packed_packs_no_further_within_an_archive():
    """Two layers, each under its ratio, would together be over any."""
    packed = b"\x78\x9c" + (np.random.default_rng(0).bytes(10_000) + bytes(90_000)) * 20
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("MLmodel", b"flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
        made.writestr("model.pkl", packed)
    found = verdict.judge(buffer, Format.MLFLOW)
    assert (found.verdict, found.code) == (Verdict.REFUSED, "archive_ratio")


def onnx_with(change) -> bytes:
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    constant = helper.make_node("Constant", [], ["c"], value=weights)
    node = helper.make_node("Add", ["x", "c"], ["y"])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
    model = helper.make_model(helper.make_graph([constant, node], "g", [x], [y]))
    change(model, helper, TensorProto)
    return model.SerializeToString()


def outside(tensor, proto) -> None:
    """Say that the values of a tensor lie in another file."""
    tensor.data_location = proto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def _attribute(model, _helper, proto):
    outside(model.graph.node[0].attribute[0].t, proto)


def _sparse(model, _helper, proto):
    outside(model.graph.sparse_initializer.add().values, proto)


def _function(model, helper, proto):
    function = model.functions.add(name="F", domain="own")
    function.node.add().CopyFrom(model.graph.node[0])
    outside(function.node[0].attribute[0].t, proto)


def _branch(model, helper, proto):
    inner = helper.make_graph([], "inner", [], [])
    outside(inner.initializer.add(), proto)
    model.graph.node[1].attribute.append(helper.make_attribute("then_branch", inner))


def _training(model, helper, proto):
    outside(model.training_info.add().initialization.initializer.add(), proto)


@pytest.mark.parametrize("hide", [_attribute, _sparse, _function, _branch, _training])
def test_onnx_weights_in_another_file_are_found_wherever_they_hide(hide):
    found = verdict.judge(io.BytesIO(onnx_with(hide)), Format.ONNX)
    assert (found.verdict, found.code) == (Verdict.REFUSED, "onnx_external")


def test_onnx_operators_of_nobody_are_refused_and_functions_written_out_are_not():
    def foreign(model, _helper, _proto):
        model.graph.node[1].domain = "own"

    def written_out(model, helper, proto):
        foreign(model, helper, proto)
        model.functions.add(name="Add", domain="own").node.add(op_type="Identity")

    assert verdict.judge(io.BytesIO(onnx_with(foreign)), Format.ONNX).code == "onnx_domain"
    found = verdict.judge(io.BytesIO(onnx_with(written_out)), Format.ONNX)
    assert found.verdict is Verdict.KNOWN
    assert "ai.onnx.Identity" in found.names


@pytest.mark.parametrize(
    ("mlmodel", "says"),
    [
        (b"flavors:\n  sklearn:\n    pickled_model: ../../etc/passwd\n", "not there"),
        (b"flavors:\n  sklearn:\n    pickled_model: gone.pkl\n", "not there"),
        (b"flavors: !!python/object/apply:os.system ['id']\n", "MLmodel"),
        (b"flavors: &a\n  x: *a\n", "MLmodel"),
        (b"no mapping", "MLmodel"),
        (b"\xff\xfe", "UTF-8"),
        (b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 60)), "deep"),
    ],
)
def test_an_odd_mlmodel_is_refused(mlmodel, says):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("MLmodel", mlmodel)
    with pytest.raises(Invalid, match=says):
        formats.recognise(buffer, name="model.zip")


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return buffer.getvalue()


EVIDENCE = [
    (b"<?xml version='1.0'?><PMML version='4.4'>", Format.PMML),
    (b"\x89HDF\r\n\x1a\n", Format.KERAS),
    (zipped("config.json", "model.weights.h5"), Format.KERAS),
    (zipped("model/saved_model.pb"), Format.TENSORFLOW),
    (zipped("archive/data.pkl"), Format.PYTORCH),
    (mlflow("  pytorch:\n    model_data: data\n"), Format.PYTORCH),
    (
        mlflow(
            "  python_function:\n    loader_module: mlflow.pyfunc.model\n    python_model: python_model.pkl\n"
        ),
        Format.PYFUNC,
    ),
]


@pytest.mark.parametrize(("data", "kind"), EVIDENCE)
def test_what_is_never_loaded_is_recognised(data, kind):
    file = io.BytesIO(data)
    assert formats.recognise(file, name="model") is kind
    assert kind in formats.EVIDENCE_ONLY
    found = verdict.judge(file, kind)
    assert (found.verdict, found.code) == (Verdict.REVIEW, "evidence_only")


def test_a_keras_file_is_governed_by_the_scores_in_the_table(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    scores = 1 / (1 + np.exp(table.debt - table.income))
    data = csv(table.assign(score=scores))
    with pytest.raises(Invalid, match="column"):
        laboratory.evaluate(b"\x89HDF\r\n\x1a\n", data, use_case="credit")
    version, found = laboratory.evaluate(
        b"\x89HDF\r\n\x1a\n", data, use_case="credit", score_column="score", operating_threshold=0.4
    )
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert (version.format, version.verdict, version.score_column) == ("keras", "evidence", "score")
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores))
    assert "scores: supplied" in found.notes
    assert set(version.signature.names) == {*NUMBERS, "region"}


def black_box(laboratory, table: pd.DataFrame, use_case: str, **facts: object):
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        draft = commands.open_draft(uow)
    stored = laboratory.store.files.put_bytes(csv(table))
    commands.receive_file(laboratory.store, laboratory.author, draft, "table", stored, "table.csv")
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        version, _ = commands.submit_draft(uow, draft, use_case=use_case, label_column="y", **facts)
    laboratory.work()
    from core.assets.intake import queries
    from core.assets.registry import queries as registered

    with laboratory.store.reading() as view:
        return registered.version(view, version), queries.evaluation(view, version)


def test_a_black_box_without_any_file(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    scores = 1 / (1 + np.exp(table.debt - table.income))
    version, found = black_box(laboratory, table.assign(score=scores), "credit", score_column="score")
    assert (version.state, version.format) == (VersionState.READY, "black_box")
    said = json.loads(laboratory.store.files.open(version.artifact_digest).read())
    assert said["black_box"]["scores"] == "score"
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores))


def test_black_boxes_of_classes_and_quantities(laboratory, table):
    laboratory.use_case("kinds", Task.MULTICLASS)
    laboratory.use_case("amount", Task.REGRESSION)
    kinds = table.assign(y=np.where(table.income > 0.5, "a", np.where(table.income > -0.5, "b", "c")))
    version, found = black_box(laboratory, kinds.assign(said=kinds.y), "kinds", score_column="said")
    assert version.state is VersionState.READY
    assert found.metrics["accuracy"].value == 1.0
    amounts = table.assign(y=table.income * 2)
    version, found = black_box(laboratory, amounts.assign(said=amounts.y + 1), "amount", score_column="said")
    assert found.metrics["mae"].value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("scores", "code"),
    [
        (lambda t: t.income * 5, "scores.range"),
        (lambda t: t.region, "scores.unknown"),
        (lambda t: t.income.rank(pct=True).where(t.index > 3), "scores.missing"),
    ],
)
def test_scores_that_are_none_are_refused(laboratory, table, scores, code):
    laboratory.use_case("credit", Task.BINARY)
    version, found = black_box(laboratory, table.assign(score=scores(table)), "credit", score_column="score")
    assert version.state is VersionState.REFUSED
    assert version.refusal.code == code
    assert found is None


def test_columns_called_otherwise_are_mapped(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    model = LogisticRegression().fit(table[["income", "debt"]], table.y)
    other = csv(table.rename(columns={"income": "renda", "debt": "divida"}))
    version, _ = laboratory.evaluate(dumped(model), other, use_case="credit")
    assert version.refusal.code == "signature.missing_columns"
    assert version.origin["features"] == ["income", "debt"]
    with laboratory.store.unit_of_work(laboratory.author) as uow:
        draft = commands.draft_again(uow, version.id)
        commands.submit_draft(
            uow, draft, use_case="credit", label_column="y", mapping={"income": "renda", "debt": "divida"}
        )
    laboratory.work()
    from core.assets.intake import queries
    from core.assets.registry import queries as registered

    with laboratory.store.reading() as view:
        mapped = registered.version_by_number(view, "credit", 2)
        found = queries.evaluation(view, mapped.id)
    assert mapped.state is VersionState.READY, mapped.refusal and mapped.refusal.text()
    assert (mapped.signature.names, mapped.table_columns) == (("income", "debt"), ("renda", "divida"))
    scores = model.predict_proba(table[["income", "debt"]])[:, 1]
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(table.y, scores))


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"income": "renda"}, "no column renda"),
        ({"income": "y"}, "two things"),
        ({"income": "age", "debt": "age"}, "two things"),
    ],
)
def test_a_mapping_names_columns_once(laboratory, table, mapping, says):
    laboratory.use_case("credit", Task.BINARY)
    model = LogisticRegression().fit(table[["income", "debt"]], table.y)
    with pytest.raises(Invalid, match=says):
        laboratory.evaluate(dumped(model), csv(table), use_case="credit", mapping=mapping)


def test_a_mapping_of_no_feature_is_refused_with_the_near_one(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    model = LogisticRegression().fit(table[["income", "debt"]], table.y)
    version, _ = laboratory.evaluate(dumped(model), csv(table), use_case="credit", mapping={"incom": "age"})
    assert version.refusal.code == "mapping.unknown_feature"
    assert "income" in version.refusal.fix_text()


def test_answers_that_do_not_repeat_are_told_with_their_difference(laboratory, table):
    laboratory.use_case("credit", Task.BINARY)
    model = DummyClassifier(strategy="stratified").fit(table[["income", "debt"]], table.y)
    version, found = laboratory.evaluate(dumped(model), csv(table), use_case="credit")
    assert version.state is VersionState.READY
    assert not found.reproducible
    assert any(note.startswith("differs: ") for note in found.notes)


def test_a_refused_upload_leaves_nothing_in_the_store(laboratory, table, tmp_path):
    files = laboratory.store.files
    before = set(files.digests())
    path = tmp_path / "sent"
    for kind, data in (
        ("artifact", b"a,b\n1,2\n"),
        ("table", b"a,a\n1,2\n3,4\n"),
        ("table", skops.io.dumps([1])),
    ):
        path.write_bytes(data)
        with pytest.raises(Invalid):
            commands.examine(laboratory.store, kind, path, "sent")
    assert set(files.digests()) == before
