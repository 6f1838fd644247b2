"""The rows of a log as they lie in its files: ids, days and the labels that count."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from core.evidence.monitoring import partition
from core.evidence.monitoring.batches import HASH, TRUTH
from core.evidence.monitoring.identity import Days, KnownIds, KnownLabels, no_days, no_hashes
from core.evidence.monitoring.records import LogPart
from core.platform.store import Files


def known_ids(files: Files, parts: Sequence[LogPart]) -> KnownIds:
    """Return the ids that parts of the log hold, with the day of each."""
    if not parts:
        return KnownIds.of(no_hashes(), no_days())
    return KnownIds.of(read_parts(files, parts, [HASH]).column(0).to_numpy(), days_of(parts))


def days_of(parts: Sequence[LogPart]) -> Days:
    """Return the day of each row of some parts."""
    return np.repeat(np.array([p.day for p in parts], dtype="datetime64[D]"), [p.rows for p in parts])


def known_labels(files: Files, parts: Sequence[LogPart]) -> KnownLabels:
    """Return the label that counts for each id, from parts in the order of arrival."""
    if not parts:
        return KnownLabels(no_hashes(), pa.chunked_array([[]]))
    table = read_parts(files, parts, [HASH, TRUTH])
    return KnownLabels.of(table.column(HASH).to_numpy(), table.column(TRUTH))


def read_parts(files: Files, parts: Sequence[LogPart], columns: Sequence[str] | None = None) -> pa.Table:
    """Read parts in their order; the row groups of one file are read together."""
    tables = [
        partition.read(files.path(digest), [p.row_group for p in some], columns)
        for digest, some in groupby(parts, key=lambda p: p.digest)
    ]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)
