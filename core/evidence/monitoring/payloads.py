"""Served calls as KServe's payload logger sends them: CloudEvents with the request or the response of one call.

Both halves carry the same id. V1 bodies hold `instances` and `predictions`, V2 bodies tensors (`inputs`, `outputs`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from core.errors import Invalid
from core.evidence.monitoring.batches import (
    PREDICTION,
    PREDICTION_ID,
    PROBABILITY,
    SUBJECT,
    TIMESTAMP,
    Expected,
)
from core.i18n import N_

Value = str | int | float | bool | None
Row = dict[str, Value]
Body = Mapping[str, object]

LONGEST_ID = 180


class Half(StrEnum):
    """Which half of a call an event carries."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Payload:
    """One event: the call it belongs to, which half it is, when it happened, and its body."""

    event_id: str
    half: Half
    at: datetime | None
    body: Body


def from_headers(headers: Mapping[str, str], body: bytes) -> Payload:
    """Read an event in binary mode: attributes in `ce-` headers, the data as the body. Raise `Invalid`."""
    named = {key[3:]: value for key, value in headers.items() if key.startswith("ce-")}
    return _payload(named, _json(body))


def from_structured(body: bytes) -> tuple[Payload, ...]:
    """Read events in structured mode: one, a list of them (batched mode), or one per line. Raise `Invalid`."""
    try:
        read = json.loads(body)
    except ValueError:
        read = [_json(line) for line in body.splitlines() if line.strip()]
    events = read if isinstance(read, list) else [read]
    if not events:
        raise _unreadable()
    found = []
    for event in events:
        if not isinstance(event, dict):
            raise _unreadable()
        data = event.get("data")
        if isinstance(data, str):
            data = _json(data.encode())
        found.append(_payload(event, data))
    return tuple(found)


def _payload(named: Mapping[str, object], data: object) -> Payload:
    event_id, kind = str(named.get("id", "")), str(named.get("type", ""))
    half = next((one for one in Half if kind.rsplit(".", 1)[-1] == one.value), None)
    if not event_id or len(event_id) > LONGEST_ID or half is None:
        raise Invalid(
            "payload.event",
            N_("The event has no id, or its type {kind} names neither a request nor a response."),
            fix=N_(
                "Let the payload logger send CloudEvents: ce-id, and a ce-type that ends in .request or .response."
            ),
            field="type",
            kind=kind,
        )
    if not isinstance(data, dict):
        raise _unreadable()
    return Payload(event_id, half, _moment(str(named.get("time", ""))), data)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _json(body: bytes) -> object:
    try:
        return cast("object", json.loads(body))
    except ValueError as error:
        raise _unreadable() from error


def _unreadable() -> Invalid:
    return Invalid(
        "payload.unreadable",
        N_("The event's data is not a JSON object."),
        fix=N_("Let the payload logger send what the model server received or answered, as JSON."),
    )


def rows_of(event_id: str, at: datetime, request: Body, response: Body, expected: Expected) -> list[Row]:
    """Join both halves of a call to rows of a batch; raise `Invalid` where their numbers of rows differ."""
    names = [name for name, _kind in expected.features]
    inputs = _instances(request, names)
    answers = _answers(response, expected)
    if len(inputs) != len(answers) or not inputs:
        raise Invalid(
            "payload.rows",
            N_("The call {id} has {inputs} rows in its request and {answers} in its response."),
            id=event_id,
            inputs=len(inputs),
            answers=len(answers),
        )
    parameters = request.get("parameters")
    whom = parameters.get(SUBJECT) if isinstance(parameters, dict) else None
    rows: list[Row] = []
    for place, (given, answer) in enumerate(zip(inputs, answers, strict=True)):
        row: Row = {PREDICTION_ID: event_id if len(inputs) == 1 else f"{event_id}-{place}"}
        row[TIMESTAMP] = at.isoformat()
        row |= {name: given.get(name) for name in names} | answer
        if whom is not None and SUBJECT not in row:
            row[SUBJECT] = str(whom)
        rows.append(row)
    return rows


def _instances(request: Body, names: Sequence[str]) -> list[Row]:
    if isinstance(request.get("inputs"), list) and _tensors(request["inputs"]):
        return _of_tensors(cast("Sequence[Body]", request["inputs"]), names)
    instances = request.get("instances", request.get("inputs", ()))
    rows = []
    for one in instances if isinstance(instances, list) else ():
        if isinstance(one, dict):
            rows.append(cast("Row", one))
        elif isinstance(one, list):
            rows.append(dict(zip(names, one, strict=False)))
        else:
            rows.append({names[0]: one} if names else {})
    return rows


def _tensors(inputs: object) -> bool:
    return all(isinstance(one, dict) and "data" in one for one in cast("Sequence[object]", inputs))


def _of_tensors(tensors: Sequence[Body], names: Sequence[str]) -> list[Row]:
    """One tensor per feature, or one of all features in the signature's order."""
    columns: dict[str, Sequence[Value]] = {}
    for tensor in tensors:
        rows = _matrix(tensor)
        width = len(rows[0]) if rows else 0
        if width > 1:
            columns |= {name: [row[i] for row in rows] for i, name in enumerate(names[:width])}
        else:
            columns[str(tensor.get("name", ""))] = [row[0] for row in rows if row]
    count = min((len(values) for values in columns.values()), default=0)
    return [{name: values[i] for name, values in columns.items()} for i in range(count)]


def _matrix(tensor: Body) -> list[Sequence[Value]]:
    data = cast("Sequence[object]", tensor["data"])
    if data and isinstance(data[0], list):
        return cast("list[Sequence[Value]]", list(data))
    shape = [int(str(n)) for n in cast("Sequence[object]", tensor.get("shape", (len(data),)))]
    width = max(1, len(data) // shape[0]) if shape and shape[0] > 0 else 1
    return [cast("Sequence[Value]", data[i : i + width]) for i in range(0, len(data), width)]


def _answers(response: Body, expected: Expected) -> list[Row]:
    outputs = response.get("outputs")
    if isinstance(outputs, list) and outputs and _tensors(outputs):
        tensors = cast("Sequence[Body]", outputs)
        chosen = next((t for t in tensors if "prob" in str(t.get("name", "")).lower()), tensors[0])
        said: Sequence[object] = [row[0] if len(row) == 1 else list(row) for row in _matrix(chosen)]
    else:
        predictions = response.get("predictions", ())
        said = predictions if isinstance(predictions, list) else ()
    return [_answer(one, expected) for one in said]


def _answer(said: object, expected: Expected) -> Row:
    if isinstance(said, dict):
        return {key: cast("Value", said.get(key)) for key in (PREDICTION, PROBABILITY) if key in said}
    scored = expected.output == "probability"
    if isinstance(said, list):
        numbers = cast("Sequence[float]", said)
        if expected.task == "binary" and len(numbers) == len(expected.classes):
            return {PROBABILITY: numbers[expected.classes.index(expected.positive)]}
        if expected.task == "multiclass" and len(numbers) == len(expected.classes):
            return {PREDICTION: expected.classes[max(range(len(numbers)), key=numbers.__getitem__)]}
        said = numbers[0] if numbers else None
    return {PROBABILITY if scored and expected.task == "binary" else PREDICTION: cast("Value", said)}
