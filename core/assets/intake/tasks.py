"""What an isolated child is asked to do with a model: inspect it, predict with it, or only read its file.

Each function takes (model, frames, options) and answers (arrays, facts); both are claims that the parent checks.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Answer = tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]
MOST_NAMES = 5_000


def inspect(model: Any, frames: Mapping[str, pd.DataFrame], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Say what the model is: type, features, classes, whether it gives probabilities."""
    classes = getattr(model, "classes_", None)
    names = _feature_names(model)
    count = getattr(model, "n_features_in_", None) or (None if names is None else len(names))
    return {}, {
        "type": getattr(type(model), "kind", "") or f"{type(model).__module__}.{type(model).__name__}",
        "steps": [type(s).__name__ for _, s in getattr(model, "steps", [])][:20],
        "predicts": callable(getattr(model, "predict", None)),
        "classifier": classes is not None,
        "probabilities": callable(getattr(model, "predict_proba", None)),
        "classes": [] if classes is None else [_text(c) for c in np.ravel(classes)[:1000]],
        "features": [] if names is None else [str(n) for n in names[:MOST_NAMES]],
        "feature_count": None if count is None else int(count),
        "parameters": _parameters(model),
    }


def predict(model: Any, frames: Mapping[str, pd.DataFrame], options: Mapping[str, Any]) -> Answer:
    """Predict every row of `frames["rows"]`: codes of classes with probabilities, or values.

    With `options["latency"]`, also time single rows: milliseconds in the array `latency`. With `options["likeliest"]`,
    the likeliest class stands for what the model would say, where it gives probabilities: half the work.
    """
    rows = frames["rows"]
    started = time.perf_counter()
    classes = getattr(model, "classes_", None)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    if classes is None:
        arrays["values"] = np.asarray(model.predict(rows), dtype=np.float64).reshape(len(rows))
    else:
        known = {_text(c): i for i, c in enumerate(np.ravel(classes))}
        if callable(getattr(model, "predict_proba", None)):
            arrays["probabilities"] = np.ascontiguousarray(model.predict_proba(rows), dtype=np.float64)
        elif len(known) == 2 and callable(getattr(model, "decision_function", None)):
            arrays["margins"] = np.ascontiguousarray(model.decision_function(rows), dtype=np.float64)
        if options.get("likeliest") and "probabilities" in arrays:
            arrays["values"] = arrays["probabilities"].argmax(axis=1).astype(np.int32)
        else:
            predicted = pd.Series(np.ravel(model.predict(rows)))
            # One look at each distinct class: a million rows hold a few.
            places = {v: known.get(_text(v), -1) for v in predicted.unique()}
            arrays["values"] = predicted.map(places).to_numpy(dtype=np.int32)
    seconds = time.perf_counter() - started
    if options.get("latency"):
        arrays["latency"] = _latency(model, rows, float(options["latency"]))
    return arrays, {
        "seconds": seconds,
        "classes": [] if classes is None else [_text(c) for c in np.ravel(classes)[:1000]],
    }


def _latency(model: Any, rows: pd.DataFrame, budget: float) -> np.ndarray[Any, Any]:
    """Time predictions of one row each, up to 100 of them or `budget` seconds; milliseconds."""
    ask = model.predict_proba if callable(getattr(model, "predict_proba", None)) else model.predict
    times: list[float] = []
    ask(rows.iloc[:1])
    end = time.perf_counter() + budget
    for i in range(min(100, len(rows))):
        one = rows.iloc[i : i + 1]
        started = time.perf_counter()
        ask(one)
        stopped = time.perf_counter()
        times.append((stopped - started) * 1e3)
        if stopped > end:
            break
    return np.asarray(times, dtype=np.float64)


def _feature_names(model: Any) -> list[Any] | None:
    names = getattr(model, "feature_names_in_", None)
    if names is None and getattr(model, "steps", None):
        names = getattr(model.steps[0][1], "feature_names_in_", None)
    if names is None:
        # CatBoost's own word; it numbers the columns of a matrix without names.
        listed = getattr(model, "feature_names_", None)
        return listed if isinstance(listed, list) and not all(str(n).isdigit() for n in listed) else None
    return list(np.ravel(names))


def _parameters(model: Any) -> dict[str, str]:
    found = model.get_params(deep=False) if hasattr(model, "get_params") else {}
    return {
        str(k)[:60]: repr(v)[:120]
        for k, v in list(found.items())[:60]
        if isinstance(v, (int, float, str, bool))
    }


def _text(value: Any) -> str:
    """Write a class as text the same way on both sides of the wall: 1, 1.0 and True are `1`, `1` and `True`."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)[:200]
