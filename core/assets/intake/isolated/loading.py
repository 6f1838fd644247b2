"""Loading a model inside the isolated child, and one face for every format."""

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
import pandas as pd

from core.assets.intake import formats, mlflow
from core.assets.intake.isolated import boosters


class Model(Protocol):
    """What tasks may ask of a model; `classes_` and `predict_proba` are there for classifiers only."""

    feature_names_in_: Any

    def predict(self, frame: pd.DataFrame) -> Any:
        """Return one value or class per row."""


def load(descriptor: int, kind: str, trusted: Sequence[str]) -> tuple[Any, list[str]]:
    """Return the model read from an open file, and the warnings of loading it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            model = _LOADERS[kind](file, trusted)
    return model, sorted({str(w.message)[:300] for w in caught if "version" in str(w.message)})


def _joblib(file: BinaryIO, _trusted: Sequence[str]) -> Any:
    import joblib  # noqa: PLC0415 - imported by the helper before the fork

    return joblib.load(file)


def _skops(file: BinaryIO, trusted: Sequence[str]) -> Any:
    import skops.io  # noqa: PLC0415

    return skops.io.load(file, trusted=list(trusted))


def _onnx(file: BinaryIO, _trusted: Sequence[str]) -> "OnnxModel":
    return OnnxModel(file.read())


def _xgboost(file: BinaryIO, _trusted: Sequence[str]) -> boosters.XgboostModel:
    return boosters.XgboostModel(file.read())


def _lightgbm(file: BinaryIO, _trusted: Sequence[str]) -> boosters.LightgbmModel:
    return boosters.LightgbmModel(file.read())


def _catboost(file: BinaryIO, _trusted: Sequence[str]) -> boosters.CatboostModel:
    return boosters.CatboostModel(file.read())


def _mlflow(file: BinaryIO, trusted: Sequence[str]) -> Any:
    inner, described = mlflow.model(file)
    return _LOADERS[formats.recognise(inner, name=described.member).value](inner, trusted)


_LOADERS: dict[str, Callable[[BinaryIO, Sequence[str]], Any]] = {
    "joblib": _joblib,
    "skops": _skops,
    "onnx": _onnx,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "mlflow": _mlflow,
}


class OnnxModel:
    """An ONNX graph with the face of a scikit-learn estimator.

    Inputs are either one per column, or a single two-dimensional one that takes all columns in their order.
    """

    kind = "onnx"

    def __init__(self, graph: bytes) -> None:
        import onnxruntime  # noqa: PLC0415

        self.graph = graph

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._inputs = [(i.name, i.type, i.shape) for i in self._session.get_inputs()]
        self._outputs = [(o.name, o.type, o.shape) for o in self._session.get_outputs()]
        meta = self._session.get_modelmeta().custom_metadata_map
        self.classifier = len(self._outputs) > 1
        width = self._inputs[0][2][-1] if len(self._inputs[0][2]) == 2 else 1
        self.single = len(self._inputs) == 1 and width != 1
        self.n_features_in_ = (
            (width if isinstance(width, int) else None) if self.single else len(self._inputs)
        )
        if not self.single:
            self.feature_names_in_ = np.array([name for name, _, _ in self._inputs], dtype=object)
        elif meta.get("feature_names"):
            self.feature_names_in_ = np.array(re.split(r"\s*,\s*", meta["feature_names"]), dtype=object)
        self.classes_: Any = self._classes(graph) if self.classifier else None
        if self.classifier:
            self.predict_proba = self._probabilities

    def predict(self, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the first output, one value or class per row."""
        return np.asarray(self._session.run([self._outputs[0][0]], self.feed(frame))[0]).reshape(len(frame))

    def _probabilities(self, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        found = self._session.run([self._outputs[1][0]], self.feed(frame))[0]
        if isinstance(found, list):  # ZipMap: one mapping per row
            rows = cast("list[Mapping[Any, float]]", found)
            return np.array([[row[c] for c in self.classes_] for row in rows], dtype=float)
        return np.asarray(found, dtype=float)

    def feed(self, frame: pd.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
        """Return the graph's inputs for the rows of `frame`."""
        if self.single:
            name, kind, _ = self._inputs[0]
            return {name: np.ascontiguousarray(_typed(frame.to_numpy(), kind))}
        feed = {}
        for name, kind, shape in self._inputs:
            values = _typed(frame[name].to_numpy(), kind)
            feed[name] = values.reshape(-1, 1) if len(shape) == 2 else values
        return feed

    def _classes(self, graph: bytes) -> np.ndarray[Any, Any]:
        import onnx  # noqa: PLC0415

        for node in onnx.load_model_from_string(graph).graph.node:
            for attribute in node.attribute:
                if attribute.name in {"classlabels_strings", "classlabels_ints", "classlabels_int64s"}:
                    found = [s.decode() for s in attribute.strings] or list(attribute.ints)
                    if found:
                        return np.array(found)
        return np.array([0, 1])


def _typed(values: np.ndarray[Any, Any], kind: str) -> np.ndarray[Any, Any]:
    if "string" in kind:
        return values.astype(str).astype(object)
    wanted = {"double": np.float64, "int64": np.int64, "int32": np.int32, "bool": np.bool_}
    return values.astype(next((t for k, t in wanted.items() if k in kind), np.float32))
