"""Predictions as they come out of the isolated runner, held against the rows that went in."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.assets.intake.answers import Result
from core.assets.intake.failures import bad_answer


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of a table, row by row: `values` are codes into `classes` for a classifier, else quantities.

    `margins` order the rows of a model of two classes that gives no probabilities: larger is nearer the second.
    """

    values: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None
    classes: tuple[str, ...]
    seconds: float
    memory_mb: float
    latency_ms: np.ndarray[Any, Any]
    margins: np.ndarray[Any, Any] | None = None


def checked(result: Result, rows: int) -> Predictions:
    """Return the predictions in an answer; raise `Invalid` unless there is one sound value for each row."""
    values = result.arrays.get("values")
    probabilities = result.arrays.get("probabilities")
    listed = result.meta.get("classes", [])
    classes = tuple(str(c) for c in listed) if isinstance(listed, list) else ()
    if values is None or values.shape != (rows,):
        raise bad_answer("count")
    if not classes and not np.isfinite(values).all():
        raise bad_answer("numbers")
    if classes and (values.dtype != np.int32 or values.min() < 0 or values.max() >= len(classes)):
        raise bad_answer("class")
    if probabilities is not None:
        right = probabilities.shape == (rows, len(classes)) and np.isfinite(probabilities).all()
        if not right or probabilities.min() < -1e-6 or probabilities.max() > 1 + 1e-6:
            raise bad_answer("range")
        probabilities = np.clip(probabilities, 0.0, 1.0)
    margins = result.arrays.get("margins")
    if margins is not None and (margins.shape != (rows,) or not np.isfinite(margins).all()):
        raise bad_answer("numbers")
    latency = result.arrays.get("latency", np.empty(0))
    # What a child times itself is a claim too: it cannot add up to more, or to less than nothing.
    sound = latency.ndim == 1 and latency.dtype == np.float64 and np.isfinite(latency).all()
    if not sound or (latency < 0).any() or latency.sum() > result.seconds * 1e3:
        raise bad_answer("numbers")
    return Predictions(values, probabilities, classes, result.seconds, result.memory_mb, latency, margins)
