"""The Open Inference Protocol (v2) as JSON: tensors in, a table for the model; its answers out as tensors.

Source: https://github.com/open-inference/open-inference-protocol, REST, `$inference_request` and `$inference_response`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.assets.datasets.schema import Column, Kind
from core.assets.intake.predictions import Predictions
from core.assets.registry.version import Version
from core.errors import Invalid
from core.i18n import N_

MOST_ROWS = 10_000
_INTEGERS = frozenset({"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"})
_FLOATS = frozenset({"FP16", "FP32", "FP64"})
DATATYPES = frozenset({"BOOL", "BYTES", *_INTEGERS, *_FLOATS})
DATATYPE_OF: Mapping[Kind, str] = {
    Kind.NUMBER: "FP64",
    Kind.INTEGER: "INT64",
    Kind.BOOLEAN: "BOOL",
    Kind.CATEGORY: "BYTES",
    Kind.TEXT: "BYTES",
    Kind.DATETIME: "BYTES",
}


@dataclass(frozen=True, eq=False)
class Answers:
    """What the model says of each row: the class or quantity that counts, and the probability of each class.

    `positive` is the column of `probabilities` that a binary decision is taken by.
    """

    prediction: Sequence[str] | Sequence[float]
    probabilities: np.ndarray[Any, Any] | None
    classes: tuple[str, ...]
    positive: int


def table(inputs: Sequence[Mapping[str, Any]], version: Version) -> pd.DataFrame:
    """Return the rows of a request in the model's order; one tensor a feature, or one matrix of all of them.

    Raise `Invalid` that names the tensor and the fix.
    """
    features = version.signature.features
    if len(inputs) == 1 and len(features) > 1 and len(_shape(inputs[0])) == 2:
        return _matrix(inputs[0], features)
    held = {str(one["name"]): one for one in inputs}
    missing = [c.name for c in features if c.name not in held]
    unknown = sorted(set(held) - {c.name for c in features})
    if missing or unknown or len(held) != len(inputs):
        raise Invalid(
            "infer.inputs",
            N_("The inputs are not the model's features: missing {missing}; unknown or twice {unknown}."),
            fix=N_("Send one tensor for each feature: {names}."),
            field="inputs",
            missing=", ".join(missing) or "–",
            unknown=", ".join(unknown) or "–",
            names=", ".join(version.signature.names),
        )
    columns = {c.name: _column(held[c.name], c) for c in features}
    lengths = {name: len(values) for name, values in columns.items()}
    rows = next(iter(lengths.values()), 0)
    odd = next((name for name, n in lengths.items() if n != rows), None)
    if odd is not None:
        raise Invalid(
            "infer.lengths",
            N_("The tensor {name} holds {n} values, others hold {rows}."),
            fix=N_("Send as many values of each feature as there are rows."),
            field=odd,
            name=odd,
            n=lengths[odd],
            rows=rows,
        )
    _count(rows)
    return pd.DataFrame(columns)


def decided(found: Predictions, version: Version) -> Answers:
    """Return what counts: of a binary model with a frozen threshold the decision by it, else the model's own answer."""
    if not found.classes:
        return Answers([float(v) for v in found.values], None, (), 0)
    classes = found.classes
    positive = (
        classes.index(version.positive_label) if version.positive_label in classes else len(classes) - 1
    )
    if found.probabilities is not None and by_threshold(version):
        yes = found.probabilities[:, positive] >= version.operating_threshold
        said = [classes[positive] if one else classes[1 - positive] for one in yes]
    else:
        said = [classes[code] for code in found.values]
    return Answers(said, found.probabilities, classes, positive)


def by_threshold(version: Version) -> bool:
    """Whether a binary model's frozen threshold decides, not what the model itself would say."""
    return len(version.signature.classes) == 2 and version.operating_threshold is not None


def outputs(answers: Answers) -> list[dict[str, Any]]:
    """Return answers as tensors: `prediction`, and `probability` (rows × classes, row by row) where there is one."""
    n = len(answers.prediction)
    kind = "BYTES" if answers.classes else "FP64"
    told: list[dict[str, Any]] = [
        {"name": "prediction", "datatype": kind, "shape": [n], "data": list(answers.prediction)}
    ]
    if answers.probabilities is not None:
        told.append(
            {
                "name": "probability",
                "datatype": "FP64",
                "shape": [n, len(answers.classes)],
                "data": [float(p) for p in answers.probabilities.ravel()],
                "parameters": {"classes": list(answers.classes)},
            }
        )
    return told


def _shape(tensor: Mapping[str, Any]) -> list[int]:
    return list(tensor.get("shape", ()))


def _matrix(tensor: Mapping[str, Any], features: Sequence[Column]) -> pd.DataFrame:
    """One FP64 matrix, rows × features, for a model whose features are all numbers."""
    rows, width = _shape(tensor)
    other = next((c.name for c in features if not c.numeric), None)
    if other is not None or width != len(features):
        raise Invalid(
            "infer.matrix",
            N_("One matrix needs {n} numeric features; it has {width} columns, and {name} is no number."),
            fix=N_("Send one tensor for each feature."),
            field="inputs",
            n=len(features),
            width=width,
            name=other or "–",
        )
    _count(rows)
    flat = np.asarray(_numbers(tensor, str(tensor["name"])), dtype=np.float64)
    return pd.DataFrame(flat.reshape(rows, width), columns=[c.name for c in features])


def _column(tensor: Mapping[str, Any], column: Column) -> pd.Series:
    name, kind = column.name, str(tensor.get("datatype", ""))
    if kind not in DATATYPES:
        raise _wrong(name, kind, DATATYPE_OF[column.kind])
    if column.numeric or column.kind is Kind.BOOLEAN:
        if kind == "BYTES":
            raise _wrong(name, kind, DATATYPE_OF[column.kind])
        values = pd.Series(_numbers(tensor, name), dtype=np.float64)
        if column.kind is Kind.BOOLEAN:
            return (
                values.astype(bool)
                if values.notna().all()
                else values.map({0.0: False, 1.0: True}).astype(object)
            )
        whole = column.kind is Kind.INTEGER and values.notna().all() and (values == np.floor(values)).all()
        return values.astype(np.int64) if whole else values
    data = _data(tensor, name)
    if kind != "BYTES" or not all(one is None or isinstance(one, str) for one in data):
        raise _wrong(name, kind, "BYTES")
    texts = pd.Series(data, dtype=object)
    if column.kind is not Kind.DATETIME:
        return texts
    moments = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    if (moments.isna() & texts.notna()).any():
        raise _wrong(name, kind, "BYTES, 2026-11-23T14:32:00Z")
    return moments.dt.tz_localize(None)


def _numbers(tensor: Mapping[str, Any], name: str) -> list[float]:
    data = _data(tensor, name)
    if not all(one is None or isinstance(one, int | float) for one in data):
        raise _wrong(name, str(tensor.get("datatype", "")), "FP64")
    return [np.nan if one is None else float(one) for one in data]


def _data(tensor: Mapping[str, Any], name: str) -> list[Any]:
    """The flat values of a tensor; nested lists are taken too, as the protocol allows."""
    data = tensor.get("data")
    flat = (
        [one for row in data for one in row]
        if isinstance(data, list) and data and isinstance(data[0], list)
        else data
    )
    size = int(np.prod(_shape(tensor))) if _shape(tensor) else -1
    if not isinstance(flat, list) or len(flat) != size:
        raise Invalid(
            "infer.shape",
            N_("The tensor {name} says {size} values by its shape, and holds {n}."),
            fix=N_("Send shape [rows] and as many values."),
            field=name,
            name=name,
            size=size,
            n=len(flat) if isinstance(flat, list) else 0,
        )
    return flat


def _count(rows: int) -> None:
    if not 1 <= rows <= MOST_ROWS:
        raise Invalid(
            "infer.rows",
            N_("A request has 1 to {most} rows; this one has {n}."),
            fix=N_("Send larger tables by batch scoring."),
            field="inputs",
            most=MOST_ROWS,
            n=rows,
        )


def _wrong(name: str, kind: str, wanted: str) -> Invalid:
    return Invalid(
        "infer.datatype",
        N_("The tensor {name} is of {kind}; the feature takes {wanted}."),
        fix=N_("Send it as {wanted}; an unknown value is null."),
        field=name,
        name=name,
        kind=kind or "–",
        wanted=wanted,
    )
