"""The prediction log as one table for others to read: each prediction with its day, and its label where it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa
from sqlmodel import Session

from core.evidence.monitoring import partition, queries
from core.evidence.monitoring.batches import HASH, ID, SAID, SCORE, TRUTH, BatchKind
from core.evidence.monitoring.identity import KnownLabels, find
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
    table = _read(files, log.predictions, [ID, HASH, SAID, SCORE])
    day = np.repeat(
        np.array([p.day for p in log.predictions], dtype="datetime64[D]"), [p.rows for p in log.predictions]
    )
    columns = {"id": table.column(ID), "day": pa.array(day), "said": table.column(SAID)}
    if SCORE in table.column_names:
        columns["score"] = table.column(SCORE)
    columns["label"] = _labels(files, log.labels, table)
    return pa.table(columns)


def _labels(files: Files, parts: Sequence[LogPart], table: pa.Table) -> pa.ChunkedArray:
    said = table.column(SAID)
    if not parts:
        return pa.chunked_array([pa.nulls(table.num_rows, said.type)])
    told = _read(files, parts, [HASH, TRUTH])
    known = KnownLabels.of(told.column(HASH).to_numpy(), told.column(TRUTH))
    held, place = find(known.hashes, table.column(HASH).to_numpy())
    return known.labels.take(pa.array(place, mask=~held))


def _read(files: Files, parts: Sequence[LogPart], columns: Sequence[str]) -> pa.Table:
    return pa.concat_tables(
        [
            partition.read(files.path(digest), [p.row_group for p in some], columns)
            for digest, some in groupby(parts, key=lambda p: p.digest)
        ]
    )
