"""Find logged predictions about one person by their pseudonym: no profile and no event holds it, only the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.evidence.monitoring import queries
from core.evidence.monitoring.batches import HASH, ID, MOMENT, SAID, SCORE, WHOM, BatchKind
from core.evidence.monitoring.identity import find
from core.evidence.monitoring.logged import known_labels, read_parts
from core.platform.access import personal
from core.platform.store import Store


@dataclass(frozen=True, slots=True)
class Decision:
    """One logged prediction: what went in, what was said, and how it turned out where that is known."""

    version_id: str
    prediction_id: str
    at: datetime
    prediction: str | float
    probability: float | None
    inputs: Mapping[str, object]
    label: str | float | None


def decisions_about(store: Store, version_ids: Sequence[str], subject: str) -> tuple[Decision, ...]:
    """Return the logged predictions about a person, newest first; `subject` is what the sender called them.

    The caller asks for the right: inputs are personal data.
    """
    with store.reading() as view:
        key = personal.subject_key(view)
    return (
        () if key is None else _matching(store, version_ids, WHOM, personal.subject_pseudonym(key, subject))
    )


def decision(store: Store, version_id: str, prediction_id: str) -> Decision | None:
    """Return one logged prediction by its id; none where the log does not hold it. The caller asks for the right."""
    return next(iter(_matching(store, [version_id], ID, prediction_id)), None)


def _matching(store: Store, version_ids: Sequence[str], column: str, value: str) -> tuple[Decision, ...]:
    found: list[Decision] = []
    for version_id in version_ids:
        with store.reading() as view:
            parts = queries.parts(view, version_id, BatchKind.PREDICTIONS)
            labels = queries.parts(view, version_id, BatchKind.LABELS)
        tables = []
        for part in parts:
            narrow = read_parts(store.files, [part], [column])
            if column not in narrow.column_names:
                continue
            hit = np.flatnonzero(np.asarray(pc.fill_null(pc.equal(narrow[column], value), fill_value=False)))
            if len(hit):
                tables.append(read_parts(store.files, [part]).take(pa.array(hit)))
        if tables:
            table = pa.concat_tables(tables, promote_options="default")
            told = known_labels(store.files, labels)
            held, at = find(told.hashes, table[HASH].to_numpy())
            truth = told.labels.take(pa.array(at, mask=~held)) if len(labels) else [None] * table.num_rows
            found += [
                _decision(version_id, row, None if label is None else label.as_py())
                for row, label in zip(table.to_pylist(), truth, strict=True)
            ]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _decision(version_id: str, row: Mapping[str, object], label: str | float | None) -> Decision:
    score, said, at = row.get(SCORE), row[SAID], row[MOMENT]
    if not isinstance(at, datetime) or not isinstance(said, str | float):
        raise TypeError(row)
    return Decision(
        version_id=version_id,
        prediction_id=str(row[ID]),
        at=at,
        prediction=said,
        probability=score if isinstance(score, float) else None,
        inputs={name: value for name, value in row.items() if not name.startswith("aval:")},
        label=label,
    )
