"""The rows of a log as they lie in its files: ids, days and the labels that count."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from core.errors import NotFound, Unavailable
from core.evidence.monitoring import partition
from core.evidence.monitoring.batches import HASH, TRUTH
from core.evidence.monitoring.identity import Days, KnownIds, KnownLabels, no_days, no_hashes
from core.evidence.monitoring.records import LogPart
from core.i18n import N_
from core.platform.store import Files

WAITING = date(1970, 1, 1)
"""The day of labels whose prediction has not come yet."""

MOST_KEPT = 20_000_000
"""Ids that a process keeps in memory, 16 bytes each, so that a small batch does not read the whole log."""


class KnownLogs:
    """The ids of the logs that this process looked at last, brought up to date by the parts that came since.

    A part is known by its place in the order of arrival: one that was made of others holds ids that are known already.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[int, KnownIds]] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self, files: Files, version_id: str, parts: Sequence[LogPart]) -> KnownIds:
        """Return the ids of a log's parts of predictions, which come in the order of arrival."""
        with self._lock:
            seen, known = self._held.get(version_id, (-1, KnownIds.of(no_hashes(), no_days())))
        fresh = [part for part in parts if part.sequence > seen]
        if fresh:
            known = known.joined(known_ids(files, fresh))
        with self._lock:
            self._held[version_id] = (max((part.sequence for part in parts), default=-1), known)
            self._held.move_to_end(version_id)
            while sum(len(ids.hashes) for _seen, ids in self._held.values()) > self._most:
                if len(self._held) == 1:
                    del self._held[version_id]
                    break
                self._held.popitem(last=False)
        return known


_known: WeakKeyDictionary[Files, KnownLogs] = WeakKeyDictionary()


def known_logs(files: Files) -> KnownLogs:
    """Return what this process keeps of the logs in a store's files."""
    return _known.setdefault(files, KnownLogs())


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
    """Read parts in their order; the row groups of one file are read together.

    Raises `Unavailable` where a file is gone: the log was compacted since the parts were looked up, ask again.
    """
    tables = [
        partition.read(_path(files, digest), [p.row_group for p in some], columns)
        for digest, some in groupby(parts, key=lambda p: p.digest)
    ]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")


def sampled(files: Files, parts: Sequence[LogPart], rows: int) -> pa.Table:
    """Take about `rows` evenly spaced rows, part by part, so that no window is in memory whole."""
    share = min(1.0, rows / sum(part.rows for part in parts))
    tables = []
    for part in parts:
        table = read_parts(files, [part])
        count = max(1, round(table.num_rows * share))
        tables.append(table.take(pa.array(np.linspace(0, table.num_rows - 1, count).astype(np.int64))))
    return pa.concat_tables(tables, promote_options="default")


def _path(files: Files, digest: str) -> Path:
    try:
        return files.path(digest)
    except NotFound as error:
        raise Unavailable(
            "log.compacted",
            N_("The log was compacted while it was read."),
            fix=N_("Try again."),
        ) from error
