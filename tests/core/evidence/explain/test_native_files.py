"""Boosters' own files and ONNX graphs, as the isolated runner loads them: trees, not predictions alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.assets.intake.isolated.boosters import CatboostModel, LightgbmModel, XgboostModel
from core.assets.intake.isolated.loading import OnnxModel
from core.evidence.explain.engine import explain
from core.evidence.explain.families import onnx_nodes
from core.evidence.explain.families.reading import Unreadable
from core.evidence.explain.shapley.routing import outputs
from core.evidence.explain.shapley.trees import Ensemble
from core.evidence.explain.terms import Method, Question, Unit

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")
catboost = pytest.importorskip("catboost")
skl2onnx = pytest.importorskip("skl2onnx")

NUMBERS = ["a", "b", "c"]
QUIET = {"iterations": 10, "depth": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=NUMBERS)
    return frame.astype("float32").astype("float64")


@pytest.fixture(scope="module")
def texts(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers.assign(kind=np.random.default_rng(1).choice(list("pqrs"), len(numbers)))


@pytest.fixture(scope="module")
def value(texts: pd.DataFrame) -> np.ndarray:
    return (texts["a"] + texts["b"] * texts["c"] + (texts["kind"] == "p")).to_numpy()


@pytest.fixture(scope="module")
def binary(value: np.ndarray) -> np.ndarray:
    return (value > 0.5).astype(int)


@pytest.fixture(scope="module")
def several(value: np.ndarray) -> np.ndarray:
    return np.digitize(value, [-0.6, 0.6])


@contextmanager
def plain_attributes() -> Iterator[None]:
    """skl2onnx 1.20 writes lists of booleans and of numpy integers, which onnx 1.23 no longer takes."""
    import onnx

    make = onnx.helper.make_attribute

    def plain(key, value, *rest, **options):
        whole = isinstance(value, list | tuple) and value
        if whole and isinstance(value[0], bool | np.bool_ | int | np.integer):
            value = [int(v) for v in value]
        return make(key, value, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx.helper, "make_attribute", plain)
        yield


@pytest.fixture(autouse=True)
def _plain() -> Iterator[None]:
    with plain_attributes():
        yield


def check(model, frame, *, method=Method.TREE, **options):
    found = explain(model, frame.iloc[:40], frame.iloc[-300:], **options)
    assert (found.method, found.fallback) == (method, None)
    assert found.holds, found.max_error
    return found


def test_booster_files_with_text_columns(texts, binary):
    coded = texts.astype({"kind": "category"})
    options = {"n_estimators": 8, "max_depth": 4, "enable_categorical": True}
    own = xgboost.XGBClassifier(**options).fit(coded, binary).get_booster()
    check(XgboostModel(bytes(own.save_raw("json"))), texts)
    light = lightgbm.LGBMClassifier(n_estimators=8, verbose=-1).fit(coded, binary).booster_
    found = check(LightgbmModel(light.model_to_string().encode()), texts, label="0")
    assert (found.unit, found.label) == (Unit.MARGIN, "0")


def test_booster_file_of_catboost(tmp_path, texts, several):
    model = catboost.CatBoostClassifier(**QUIET, cat_features=["kind"]).fit(texts, several)
    model.save_model(str(tmp_path / "m.cbm"))
    loaded = CatboostModel((tmp_path / "m.cbm").read_bytes())
    for label in ("0", "2"):
        check(loaded, texts, method=Method.NATIVE, label=label)


def graph(model, frame, *, opset=3, typed=None):
    from skl2onnx.common.data_types import FloatTensorType

    types = typed or [("X", FloatTensorType([None, frame.shape[1]]))]
    options = {"zipmap": False} if hasattr(model, "classes_") else {}
    made = skl2onnx.to_onnx(
        model, initial_types=types, options=options, target_opset={"": 18, "ai.onnx.ml": opset}
    )
    return OnnxModel(made.SerializeToString())


@pytest.mark.parametrize(
    ("estimator", "unit"),
    [
        (RandomForestClassifier(8, max_depth=5, random_state=0), Unit.PROBABILITY),
        (GradientBoostingClassifier(n_estimators=8), Unit.MARGIN),
        (HistGradientBoostingClassifier(max_iter=8), Unit.MARGIN),
    ],
)
@pytest.mark.parametrize("kinds", ["binary", "several"])
def test_onnx_classifiers(numbers, binary, several, estimator, unit, kinds):
    target = binary if kinds == "binary" else several
    model = graph(estimator.fit(numbers.to_numpy(), target), numbers)
    for label in ("0", "1"):
        found = check(model, numbers, label=label)
        assert found.unit is unit
    check(model, numbers, question=Question.INTERVENTIONAL)


def test_onnx_values_are_the_ones_of_the_model_it_came_from(numbers, binary):
    """Covers are recounted: with the training rows as background they are the forest's own."""
    forest = RandomForestClassifier(6, max_depth=5, bootstrap=False, max_features=1, random_state=0)
    forest.fit(numbers.to_numpy(), binary)
    rows = numbers.iloc[:30]
    ours = explain(graph(forest, numbers), rows, numbers)
    own = explain(forest, rows, numbers)
    np.testing.assert_allclose(ours.values, own.values, atol=1e-6)


def test_onnx_regressors(numbers, value):
    for estimator in (ExtraTreesRegressor(6, max_depth=5), HistGradientBoostingRegressor(max_iter=8)):
        assert check(graph(estimator.fit(numbers.to_numpy(), value), numbers), numbers).unit is Unit.VALUE


def test_onnx_pipeline_runs_its_own_steps_and_tells_source_columns(texts, binary):
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    front = make_column_transformer((OneHotEncoder(), ["kind"]), (StandardScaler(), NUMBERS))
    model = make_pipeline(front, RandomForestClassifier(8, max_depth=5, random_state=0)).fit(texts, binary)
    typed = [(n, FloatTensorType([None, 1])) for n in NUMBERS] + [("kind", StringTensorType([None, 1]))]
    found = check(graph(model, texts, typed=typed), texts)
    assert found.values.shape == (40, 4)
    assert np.abs(found.values[:, 3]).mean() > 0.01


# -- nodes of ml opset 5 and rare modes, on graphs written by hand --------------------------------------------


def handmade(mode: int, split: float, members: list[float] | None = None):
    """One split on column 0: 1.0 where the comparison is true, 0.0 where it is false."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def tensor(values, kind, name):
        return numpy_helper.from_array(np.array(values, kind), name)

    attributes = {
        "n_targets": 1,
        "aggregate_function": 1,
        "post_transform": 0,
        "tree_roots": [0],
        "nodes_modes": tensor([mode], np.uint8, "m"),
        "nodes_featureids": [0],
        "nodes_splits": tensor([split], np.float32, "s"),
        "nodes_truenodeids": [0],
        "nodes_trueleafs": [1],
        "nodes_falsenodeids": [1],
        "nodes_falseleafs": [1],
        "leaf_targetids": [0, 0],
        "leaf_weights": tensor([1.0, 0.0], np.float32, "w"),
    }
    if members is not None:
        attributes["membership_values"] = tensor([*members, np.nan], np.float32, "v")
    node = helper.make_node("TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", **attributes)
    made = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    )
    model.ir_version = 10
    onnx.checker.check_model(model)
    return OnnxModel(model.SerializeToString())


@pytest.mark.parametrize("mode", range(7))
def test_every_mode_of_a_node_goes_the_way_onnxruntime_goes(mode):
    model = handmade(mode, 2.0, [0.0, 2.0, 33.0] if mode == 6 else None)
    first = np.array([-1.0, 0.0, 1.5, 2.0, np.nextafter(np.float32(2), np.float32(3)), 3.0, 33.0, np.nan])
    frame = pd.DataFrame({"a": first, "b": np.arange(len(first), dtype=float)})
    found = explain(model, frame, pd.concat([frame] * 3, ignore_index=True))
    assert (found.method, found.fallback) == (Method.TREE, None)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.predict(frame), atol=1e-7)
    assert set(model.predict(frame)) == {0.0, 1.0}


def test_classic_nodes_of_every_mode():
    """Modes that no converter here writes, against the definition of the operator."""
    for mode, true in {
        "BRANCH_LT": lambda x: x < 2, "BRANCH_GTE": lambda x: x >= 2, "BRANCH_GT": lambda x: x > 2,
        "BRANCH_EQ": lambda x: x == 2, "BRANCH_NEQ": lambda x: x != 2,
    }.items():  # fmt: skip
        nodes = onnx_nodes.read(
            "TreeEnsembleRegressor",
            {
                "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0],
                "nodes_modes": [mode.encode(), b"LEAF", b"LEAF"], "nodes_values": [2.0, 0.0, 0.0],
                "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
                "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [1.0, 0.0],
            },
        )  # fmt: skip
        X = np.array([[1.0], [2.0], [3.0], [np.nan]])
        expected = np.array([true(x) for x in X[:, 0]], float)
        np.testing.assert_array_equal(outputs(Ensemble(nodes.trees(0), 0.0), X), expected)
    with pytest.raises(Unreadable):
        onnx_nodes.read("TreeEnsembleRegressor", {"aggregate_function": b"MAX"})
