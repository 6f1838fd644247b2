"""Which exact method a model's family has, and its values: the engine holds them against the model afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families import catboost_values, lightgbm_trees, onnx_trees, xgboost_trees
from core.evidence.explain.families.reading import TreeReading, Unreadable
from core.evidence.explain.shapley import linear, outputs
from core.evidence.explain.shapley.columns import Owners, Transform, confirmed, dense
from core.evidence.explain.shapley.extraction import HISTOGRAM, KNOWN, extract
from core.evidence.explain.shapley.interventional import InterventionalExplainer
from core.evidence.explain.shapley.outputs import RawOutput
from core.evidence.explain.shapley.quadrature import TreeExplainer
from core.evidence.explain.terms import Fallback, Method, Question

Floats = NDArray[np.float64]

INTERVENTIONAL_BACKGROUND = 100


@dataclass(frozen=True, slots=True)
class Exact:
    """Values (rows × source columns) of an exact method and the output they speak of."""

    values: Floats
    base: float
    output: RawOutput
    method: Method
    question: Question
    background: int


def is_known(model: object) -> bool:
    """Whether the model's family has an exact method at all."""
    estimator = outputs.last_step(model)
    return (
        type(estimator) in KNOWN
        or type(estimator) in linear.KNOWN
        or onnx_trees.takes(model)
        or any(f.takes(estimator) for f in (xgboost_trees, lightgbm_trees, catboost_values))
    )


def exact(
    model: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    label: str | None,
    question: Question | None,
) -> Exact:
    """Values by the family's exact method. Raise `Unreadable` where it has none for this model or question."""
    try:
        return _exact(model, rows, background, label, question)
    except Unreadable:
        raise
    except Exception as error:  # whatever a foreign model did, predictions alone still explain it
        raise Unreadable(Fallback.UNSUPPORTED) from error


def trees(model: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None) -> TreeReading:
    """The trees of a model whose family is read as trees; `rows` are watched too. Raise `Unreadable`."""
    if onnx_trees.takes(model):
        return onnx_trees.read(model, rows, background, label)
    estimator = outputs.last_step(model)
    front = Transform(outputs.steps_before(model))
    players = _players(front, estimator, background)
    if type(estimator) in KNOWN:
        return _scikit(model, estimator, front, players, label)
    if xgboost_trees.takes(estimator):
        return xgboost_trees.read(model, estimator, front, players, background, label)
    if lightgbm_trees.takes(estimator):
        return lightgbm_trees.read(model, estimator, front, players, background, label)
    raise Unreadable(Fallback.UNSUPPORTED)


def _exact(
    model: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    label: str | None,
    question: Question | None,
) -> Exact:
    estimator = outputs.last_step(model)
    if type(estimator) in linear.KNOWN:
        return _linear(model, estimator, rows, background, label)
    if xgboost_trees.takes(estimator) and xgboost_trees.is_linear(estimator):
        return _linear_booster(model, estimator, rows, background, label)
    if catboost_values.takes(estimator):
        if question is Question.INTERVENTIONAL:
            raise Unreadable(Fallback.UNSAFE)
        front = Transform(outputs.steps_before(model))
        players = _players(front, estimator, background)
        given = catboost_values.read(model, estimator, front, players, rows, label)
        return Exact(given.values, given.base, given.output, Method.NATIVE, Question.PATH, 0)
    reading = trees(model, rows, background, label)
    count = rows.shape[1]
    matrix = reading.matrix(rows)
    if question is Question.INTERVENTIONAL:
        few = background.head(INTERVENTIONAL_BACKGROUND)
        explainer = InterventionalExplainer(reading.ensemble, reading.players, count, reading.matrix(few))
        values = explainer.values(matrix)
        return Exact(values, explainer.base, reading.output, Method.TREE, Question.INTERVENTIONAL, len(few))
    path = TreeExplainer(reading.ensemble, reading.players, count)
    return Exact(path.values(matrix), path.base, reading.output, Method.TREE, Question.PATH, 0)


def _players(front: Transform, estimator: object, background: pd.DataFrame) -> Owners:
    proposal = front.owners(background.shape[1])
    full: Callable[[pd.DataFrame], object] = front
    if isinstance(estimator, HISTOGRAM):
        encoder = getattr(estimator, "_preprocessor", None)
        if encoder is not None:
            inner = Transform([encoder]).owners(len(proposal or ()))
            proposal = None if proposal is None or inner is None else tuple(proposal[i] for i in inner)
        full = lambda frame: _histogram_matrix(estimator, front(frame))  # noqa: E731
    if proposal is None or not (front.is_empty or confirmed(full, background.head(64), proposal)):
        raise Unreadable(Fallback.MIXED_COLUMNS)
    return proposal


def _histogram_matrix(estimator: object, matrix: object) -> Floats:
    """The matrix whose columns the histogram trees compare: categories first, encoded by the model itself."""
    return np.asarray(estimator._preprocess_X(matrix, reset=False), np.float64)  # type: ignore[attr-defined]  # noqa: SLF001


def _scikit(
    model: object, estimator: object, front: Transform, players: Owners, label: str | None
) -> TreeReading:
    output = _tree_output(model, estimator, label)
    extracted = extract(estimator, output.position) if output else None
    if output is None or extracted is None:
        raise Unreadable(Fallback.UNSUPPORTED)
    kind = np.float32 if extracted.single_precision else np.float64

    def matrix(frame: pd.DataFrame) -> Floats:
        found = front(frame)
        if isinstance(estimator, HISTOGRAM):
            return _histogram_matrix(estimator, found)
        return dense(found).astype(kind).astype(np.float64)

    return TreeReading(extracted.ensemble, matrix, output, players)


def _tree_output(model: object, estimator: object, label: str | None) -> RawOutput | None:
    if not hasattr(estimator, "classes_"):
        logged = getattr(estimator, "loss", "") in {"poisson", "gamma"} and isinstance(estimator, HISTOGRAM)
        return outputs.log_value(model) if logged else outputs.value(model)
    return outputs.margin(model, label) or outputs.probability(model, label)


def _linear(
    model: object, estimator: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None
) -> Exact:
    front = Transform(outputs.steps_before(model))
    players = _players(front, estimator, background)
    if hasattr(estimator, "classes_"):
        output = outputs.margin(model, label)
    else:
        output = outputs.log_value(model) if isinstance(estimator, linear.LOG_LINK) else outputs.value(model)
    weights = linear.weights(estimator, output.position) if output else None
    if output is None or weights is None:
        raise Unreadable(Fallback.UNSUPPORTED)
    values, base = linear.attribute(
        dense(front(rows)).astype(np.float64),
        dense(front(background)).astype(np.float64),
        weights,
        np.asarray(players, np.int64),
        rows.shape[1],
    )
    return Exact(values, base, output, Method.LINEAR, Question.INTERVENTIONAL, len(background))


def _linear_booster(
    model: object, estimator: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None
) -> Exact:
    """A booster of coefficients: a missing value adds nothing, the base is the model's mean over the background."""
    front = Transform(outputs.steps_before(model))
    players = _players(front, estimator, background)
    learner = xgboost_trees.Learner(estimator)
    output, group, sign = xgboost_trees.output(model, learner, lambda f: learner.margins(front(f)), label)
    values, _ = linear.attribute(
        np.nan_to_num(learner.matrix(front(rows)), nan=0.0),
        np.nan_to_num(learner.matrix(front(background)), nan=0.0),
        xgboost_trees.linear(learner, group, sign),
        np.asarray(players, np.int64),
        rows.shape[1],
    )
    base = float(output.score(background).mean())
    return Exact(values, base, output, Method.LINEAR, Question.INTERVENTIONAL, len(background))
