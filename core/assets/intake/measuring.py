"""Measuring predictions against labels, by the task of the use case; nothing here asks a model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.intake import classification, failures, matching, multiclass, regression
from core.assets.intake.evaluation import Confusion, Curves, Estimate
from core.assets.intake.predictions import Predictions
from core.assets.registry.usecase import Task
from core.assets.registry.version import Signature

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a model on a table; `mapping` names columns for features that are called otherwise there."""

    task: Task
    label_column: str
    positive_label: str = ""
    threshold: float | None = None
    protected: tuple[str, ...] = ()
    mapping: Mapping[str, str] | None = None
    score_column: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics with intervals, curves, confusion, and the columns of the stored predictions."""

    metrics: dict[str, Estimate]
    curves: Curves
    confusion: Confusion | None
    threshold: float | None
    columns: dict[str, object]


def measure(question: Question, signature: Signature, labels: pd.Series, found: Predictions) -> Measured:
    """Hold predictions against labels, row by row; raise `Invalid` where the labels are none for this model."""
    column = question.label_column
    if question.task is Task.REGRESSION:
        truth = matching.quantities(labels, column=column)
        values = found.values.astype(np.float64)
        kept: dict[str, object] = {"label": truth, "prediction": values}
        return Measured(
            _finite(regression.evaluate(truth, values)), regression.curves(truth, values), None, None, kept
        )
    if found.classes != signature.classes:
        raise failures.bad_answer("changed")
    placed = matching.codes(labels, signature.classes, question.positive_label, column=column)
    if question.task is Task.BINARY:
        return _binary(question, signature, labels, placed, found)
    return _classes(signature, placed, found)


def _binary(
    question: Question,
    signature: Signature,
    labels: pd.Series,
    placed: NDArray[np.int64],
    found: Predictions,
) -> Measured:
    texts = [matching.as_text(v) for v in labels.unique()]
    place = matching.positive_place(signature.classes, question.positive_label, labels=texts)
    positive = placed == place
    names = (signature.classes[1 - place], signature.classes[place])
    kept: dict[str, object] = {"label": positive.astype(np.int8)}
    if found.probabilities is None:
        predicted = found.values == place
        kept["prediction"] = predicted.astype(np.int8)
        counts = classification.confusion(positive, predicted.astype(np.float64), DEFAULT_THRESHOLD, names)
        if found.margins is None:
            metrics = classification.evaluate_decisions(positive, predicted)
            return Measured(_finite(metrics), {}, counts, None, kept)
        margins = found.margins if place == 1 else -found.margins
        kept["margin"] = margins
        ranked = classification.curves(positive, classification.ranks_of(margins))
        curves = {name: ranked[name] for name in ("roc", "pr")}
        metrics = classification.evaluate_margins(positive, margins, predicted)
        return Measured(_finite(metrics), curves, counts, None, kept)
    scores = found.probabilities[:, place]
    threshold = DEFAULT_THRESHOLD if question.threshold is None else question.threshold
    kept |= {"prediction": (scores >= threshold).astype(np.int8), "probability": scores}
    return Measured(
        _finite(classification.evaluate(positive, scores, threshold)),
        classification.curves(positive, scores),
        classification.confusion(positive, scores, threshold, names),
        threshold,
        kept,
    )


def _classes(signature: Signature, placed: NDArray[np.int64], found: Predictions) -> Measured:
    predicted = found.values.astype(np.int64)
    names = np.asarray(signature.classes, dtype=object)
    kept: dict[str, object] = {"label": names[placed], "prediction": names[predicted]}
    if found.probabilities is not None:
        kept |= {f"probability_{c}": found.probabilities[:, i] for i, c in enumerate(signature.classes)}
    return Measured(
        _finite(multiclass.evaluate(placed, predicted, found.probabilities, len(names))),
        {},
        multiclass.confusion(placed, predicted, signature.classes),
        None,
        kept,
    )


def _finite(metrics: dict[str, Estimate]) -> dict[str, Estimate]:
    """Leave out what has no value on this table; JSON knows no NaN."""
    return {n: m for n, m in metrics.items() if np.isfinite([m.value, m.low, m.high]).all()}
