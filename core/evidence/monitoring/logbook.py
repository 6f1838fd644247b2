"""The prediction log as one table for others to read: each prediction with its day, and its label where it is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlmodel import Session

from core.evidence.monitoring import queries
from core.evidence.monitoring.batches import HASH, ID, SAID, SCORE, BatchKind
from core.evidence.monitoring.identity import find
from core.evidence.monitoring.logged import days_of, known_labels, read_parts
from core.evidence.monitoring.records import LogPart
from core.platform.store import Files


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a version's predictions and labels lie."""

    predictions: tuple[LogPart, ...]
    labels: tuple[LogPart, ...]


def parts_of(session: Session, version_id: str) -> Parts:
    """Find the parts of a version's log."""
    return Parts(
        queries.parts(session, version_id, BatchKind.PREDICTIONS),
        queries.parts(session, version_id, BatchKind.LABELS),
    )


def read(files: Files, log: Parts) -> pa.Table:
    """Read a log: columns `id`, `day`, `said`, `label` (null while unknown) and, where the model gives one, `score`."""
    table = read_parts(files, log.predictions, [ID, HASH, SAID, SCORE])
    columns = {
        "id": table.column(ID),
        "day": pa.array(days_of(log.predictions)),
        "said": table.column(SAID),
    }
    if SCORE in table.column_names:
        columns["score"] = table.column(SCORE)
    columns["label"] = _labels(files, log.labels, table)
    return pa.table(columns)


def _labels(files: Files, parts: Sequence[LogPart], table: pa.Table) -> pa.ChunkedArray:
    said = table.column(SAID)
    if not parts:
        return pa.chunked_array([pa.nulls(table.num_rows, said.type)])
    known = known_labels(files, parts)
    held, place = find(known.hashes, table.column(HASH).to_numpy())
    return known.labels.take(pa.array(place, mask=~held))
