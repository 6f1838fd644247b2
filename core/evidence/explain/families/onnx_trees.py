"""An ONNX graph with one tree ensemble: steps before it run in onnxruntime, its nodes are read, covers are recounted."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families import onnx_nodes
from core.evidence.explain.families.reading import TreeReading, Unreadable, anchored
from core.evidence.explain.shapley import routing
from core.evidence.explain.shapley.columns import observed
from core.evidence.explain.shapley.outputs import RawOutput, position_of
from core.evidence.explain.shapley.trees import Ensemble
from core.evidence.explain.terms import TOLERANCE, Fallback, Unit

Floats = NDArray[np.float64]
Link = Callable[[Floats, int], Floats]

WATCHED = 400  # rows on which each source column is moved to see which matrix columns follow


def takes(model: object) -> bool:
    """Whether this is a graph as the runner loads it."""
    return getattr(type(model), "kind", "") == "onnx"


class Opened:
    """The graph opened at its trees: what they read and what they add up to, before any link."""

    def __init__(self, model: object) -> None:
        import onnx  # noqa: PLC0415 - imported by the helper before the fork
        import onnxruntime  # noqa: PLC0415

        graph = onnx.load_model_from_string(model.graph)  # type: ignore[attr-defined]
        found = [n for n in graph.graph.node if n.op_type in onnx_nodes.OPERATORS]
        if len(found) != 1:
            raise Unreadable(Fallback.UNSUPPORTED)
        node = found[0]
        self.operator = node.op_type
        attributes: dict[str, Any] = {}
        for attribute in node.attribute:
            value = onnx.helper.get_attribute_value(attribute)
            if isinstance(value, onnx.TensorProto):
                value = onnx.numpy_helper.to_array(value)
            attributes[attribute.name] = value
        self.nodes = onnx_nodes.read(node.op_type, attributes)
        for attribute in list(node.attribute):
            if attribute.name == "post_transform":
                node.attribute.remove(attribute)
        self._model = model
        self._reads = node.input[0]
        self._sums = node.output[1] if node.op_type == "TreeEnsembleClassifier" else node.output[0]
        self._direct = self._reads in {i.name for i in graph.graph.input}
        del graph.graph.output[:]
        names = [self._sums] if self._direct else [self._reads, self._sums]
        graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """What the nodes compare."""
        feed = self._feed(frame)
        found = feed[self._reads] if self._direct else self._session.run([self._reads], feed)[0]
        return np.asarray(found, np.float64).reshape(len(frame), -1)

    def sums(self, frame: pd.DataFrame) -> Floats:
        """Sums of the leaves (rows × outputs), without the link of the operator."""
        found = self._session.run([self._sums], self._feed(frame))[0]
        return np.asarray(found, np.float64).reshape(len(frame), -1)

    def _feed(self, frame: pd.DataFrame) -> Mapping[str, NDArray[Any]]:
        found: Mapping[str, NDArray[Any]] = self._model.feed(frame)  # type: ignore[attr-defined]
        return found


def read(model: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None) -> TreeReading:
    """Trees of an ONNX graph. Raise `Unreadable` where there is not one ensemble, or a link is not known."""
    try:
        opened = Opened(model)
    except Unreadable:
        raise
    except Exception as error:  # onnx and onnxruntime raise many kinds, some with megabytes of text
        raise Unreadable(Fallback.UNSUPPORTED) from error
    watched = pd.concat([background.head(WATCHED), rows.head(WATCHED)], ignore_index=True)
    players = observed(opened.matrix, watched)
    if players is None:
        raise Unreadable(Fallback.MIXED_COLUMNS)
    position = position_of(model, label)
    target, sign = _target(opened, position)
    trees = tuple(t.scaled(sign) for t in opened.nodes.trees(target))
    counted = routing.recounted(Ensemble(trees, 0.0), opened.matrix(background))
    return anchored(
        TreeReading(counted, opened.matrix, _output(model, opened, position, background), players), background
    )


def _target(opened: Opened, position: int | None) -> tuple[int, float]:
    """The leaves' target for a class, and its sign: a binary model may speak of its second class only."""
    targets = opened.nodes.targets
    if len(targets) == 1:
        return next(iter(targets)), -1.0 if position == 0 else 1.0
    if position is None:
        raise Unreadable(Fallback.VECTOR_LEAVES)
    return position, 1.0


def _output(model: object, opened: Opened, position: int | None, background: pd.DataFrame) -> RawOutput:
    """The sum that the trees make, told by onnxruntime, and NaN on rows where the model does not follow from it."""

    def real(frame: pd.DataFrame) -> Floats:
        if position is None:
            return np.asarray(model.predict(frame), np.float64)  # type: ignore[attr-defined]
        return np.asarray(model.predict_proba(frame), np.float64)[:, position]  # type: ignore[attr-defined]

    name = "" if position is None else str(model.classes_[position])  # type: ignore[attr-defined]
    place = 1 if position is None else position  # the one column of a quantity is read as it is
    few = background.head(64)
    sums, wanted = opened.sums(few), real(few)
    fitting = [(u, candidate) for u, candidate in _links(position) if _same(candidate(sums, place), wanted)]
    if not fitting:
        raise Unreadable(Fallback.UNSUPPORTED)
    unit, link = fitting[0]

    def score(frame: pd.DataFrame) -> Floats:
        found = opened.sums(frame)
        own = _column(found, place)
        return own if _same(link(found, place), real(frame)) else np.full(len(frame), np.nan)

    return RawOutput(score, unit, position, name)


def _links(position: int | None) -> tuple[tuple[Unit, Link], ...]:
    if position is None:
        return (
            (Unit.VALUE, _column),
            (Unit.LOG_VALUE, lambda s, p: np.exp(np.minimum(_column(s, p), 700.0))),
        )
    return (
        (Unit.PROBABILITY, lambda s, p: 1 - s[:, 0] if s.shape[1] == 1 and p == 0 else _column(s, p)),
        (Unit.MARGIN, lambda s, p: 1 / (1 + np.exp(-_column(s, p)))),
        (Unit.MARGIN, _softmax),
    )


def _column(sums: Floats, position: int) -> Floats:
    """Raw output of a class; one column speaks of the second class."""
    if sums.shape[1] == 1:
        return -sums[:, 0] if position == 0 else sums[:, 0]
    return sums[:, position]


def _softmax(sums: Floats, position: int) -> Floats:
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers[:, position] / powers.sum(axis=1), np.float64)


def _same(found: Floats, wanted: Floats) -> bool:
    return bool(np.all(np.abs(found - wanted) <= TOLERANCE * np.maximum(1.0, np.abs(wanted))))
