"""The raw output of a model that attributions add up to, and its unit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from core.evidence.explain.terms import Unit

Floats = NDArray[np.float64]
Score = Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True, slots=True)
class RawOutput:
    """A scalar score per row, of one class where there are several."""

    score: Score
    unit: Unit
    position: int | None  # of the explained class; None for regression
    label: str  # of the explained class, "" for regression


def classes_of(model: object) -> NDArray[np.generic] | None:
    """The classes of a classifier; None for a model of quantities (CatBoost's own has an empty list)."""
    classes = getattr(model, "classes_", None)
    return None if classes is None or not len(classes) else np.asarray(classes)


def position_of(model: object, label: str | None) -> int | None:
    """Position of a class by its text; the second class when no label is given; None for regression."""
    classes = classes_of(model)
    if classes is None:
        return None
    names = [_canonical(c) for c in classes]
    if label is not None and _canonical(label) in names:
        return names.index(_canonical(label))
    return min(1, len(names) - 1)


def _canonical(label: object) -> str:
    """One text for a class, whether a table wrote 1, 1.0 or True."""
    text = {"true": "1", "false": "0"}.get(str(label).strip().lower(), str(label))
    try:
        return repr(float(text))
    except ValueError:
        return text


def probability(model: object, label: str | None) -> RawOutput | None:
    """Probability of the class, for any classifier that offers one."""
    position = position_of(model, label)
    if position is None or not hasattr(model, "predict_proba"):
        return None
    classes = model.classes_  # type: ignore[attr-defined]

    def score(frame: pd.DataFrame) -> Floats:
        return np.asarray(model.predict_proba(frame), np.float64)[:, position]

    return RawOutput(score, Unit.PROBABILITY, position, str(classes[position]))


def margin(model: object, label: str | None) -> RawOutput | None:
    """Decision function of the class (log-odds for logistic losses)."""
    position = position_of(model, label)
    if position is None or not hasattr(model, "decision_function"):
        return None
    classes = model.classes_  # type: ignore[attr-defined]

    def score(frame: pd.DataFrame) -> Floats:
        scores = np.asarray(model.decision_function(frame), np.float64)
        if scores.ndim == 1:
            return scores if position == 1 else -scores
        return scores[:, position]

    return RawOutput(score, Unit.MARGIN, position, str(classes[position]))


def value(model: object) -> RawOutput:
    """Prediction of a regressor."""

    def score(frame: pd.DataFrame) -> Floats:
        return np.asarray(model.predict(frame), np.float64).reshape(len(frame))  # type: ignore[attr-defined]

    return RawOutput(score, Unit.VALUE, None, "")


def log_value(model: object) -> RawOutput:
    """Logarithm of the prediction: the additive scale of a model with a log link."""
    plain = value(model).score
    return RawOutput(lambda frame: np.log(plain(frame)), Unit.LOG_VALUE, None, "")


def anomaly(model: object) -> RawOutput | None:
    """Score of an outlier detector: what its ±1 is decided from; None for other models."""
    if not (hasattr(model, "decision_function") and hasattr(model, "fit_predict")):
        return None

    def score(frame: pd.DataFrame) -> Floats:
        return np.asarray(model.decision_function(frame), np.float64).reshape(len(frame))

    return RawOutput(score, Unit.VALUE, None, "")


def last_step(model: object) -> object:
    """The estimator at the end of (nested) pipelines."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return model


def steps_before(model: object) -> list[object]:
    """Transformers in front of the last estimator, pipelines unfolded."""
    found: list[object] = []
    while isinstance(model, Pipeline):
        found += [step for _, step in model.steps[:-1]]
        model = model.steps[-1][1]
    return found
