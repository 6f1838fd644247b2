"""The log of a version as a table that formulas read: features, what was said, what turned out, when."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.assets.registry.version import Version
from core.evidence.kpis.formula import Column, Kind
from core.evidence.monitoring import partition
from core.evidence.monitoring.batches import HASH, MOMENT, SAID, SCORE, TOLD, TRUTH, Expected
from core.evidence.monitoring.identity import KnownLabels, find
from core.evidence.monitoring.outcome import Outcome
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.records import LogPart
from core.platform.store import Files

PREDICTION, PROBABILITY, LABEL = "prediction", "probability", "label"
PREDICTED, ACTUAL = "predicted_positive", "actual_positive"
TIMESTAMP, LABEL_TIME = "timestamp", "label_time"
DAY, LABELLED = "aval:day", "aval:labelled"
_KINDS = {
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "datetime": Kind.MOMENT,
    "category": Kind.TEXT,
    "text": Kind.TEXT,
}


def log_columns(task: str, version: Version | None) -> tuple[Column, ...]:
    """Return what formulas over a log may name: Aval's own columns first, then the features of a version.

    A feature that has the name of one of Aval's own is hidden by it.
    """
    said = Kind.NUMBER if task == "regression" else Kind.TEXT
    own = [
        Column(PREDICTION, said),
        Column(LABEL, said, outcome=True),
        Column(TIMESTAMP, Kind.MOMENT),
        Column(LABEL_TIME, Kind.MOMENT, outcome=True),
    ]
    if task == "binary":
        own += [
            Column(PROBABILITY, Kind.NUMBER, unit=()),
            Column(PREDICTED, Kind.BOOLEAN),
            Column(ACTUAL, Kind.BOOLEAN, outcome=True),
        ]
    features = version.signature.features if version is not None else ()
    names = {one.name for one in own}
    own += [Column(c.name, _KINDS.get(c.kind.value, Kind.TEXT)) for c in features if c.name not in names]
    return tuple(own)


READERS = 2
"""Files read beside each other: decoding leaves the interpreter free."""


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads a version's parts; `zone` says where a day begins, `ordered` whether rows come by their moments."""

    files: Files
    expected: Expected
    zone: str
    ordered: bool = False

    def table(
        self, predictions: Sequence[LogPart], labels: Sequence[LogPart], wanted: Sequence[str]
    ) -> pa.Table:
        """Return the rows of some parts, with the day and whether a label is there."""
        stored = {PREDICTION: SAID, PROBABILITY: SCORE, PREDICTED: SAID, TIMESTAMP: MOMENT}
        needed = [HASH, MOMENT, *(stored.get(name, name) for name in wanted)]
        held = _read(self.files, predictions, list(dict.fromkeys(needed)))
        told, at, known = self._labels(labels, held, late=LABEL_TIME in wanted)
        columns: dict[str, pa.ChunkedArray | pa.Array] = {
            DAY: pa.array(self.days(held.column(MOMENT))),
            LABELLED: pa.array(told),
        }
        for name in dict.fromkeys(wanted):
            columns[name] = self._column(name, held, told, at, known)
        table = pa.table(columns)
        if self.ordered:
            order = pc.sort_indices(held.select([MOMENT, HASH]), [(MOMENT, "ascending"), (HASH, "ascending")])
            table = table.take(order)
        return table

    def days(self, moments: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
        """Return the day of each moment in the reader's zone."""
        if self.zone == "UTC":
            return partition.days_of(moments)
        local = pc.local_timestamp(
            moments.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", self.zone))
        )
        return np.asarray(local.to_numpy().astype("datetime64[D]"))

    def _labels(
        self, labels: Sequence[LogPart], held: pa.Table, *, late: bool
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], dict[str, pa.ChunkedArray]]:
        wanted = held.column(HASH).to_numpy()
        if not labels:
            return np.zeros(len(wanted), bool), np.zeros(len(wanted), np.intp), {}
        table = _read(self.files, labels, [HASH, TRUTH, *([TOLD] if late else [])])
        hashes = table.column(HASH).to_numpy()
        if len(hashes) == len(wanted) and np.array_equal(hashes, wanted):
            # One batch of each, both ordered by day and hash: no search is needed.
            everything = np.arange(len(wanted))
            return np.ones(len(wanted), bool), everything, {n: table.column(n) for n in table.column_names}
        place = KnownLabels.of(hashes, pa.chunked_array([pa.array(np.arange(len(hashes)))]))
        told, at = find(place.hashes, wanted)
        row = place.labels.to_numpy()
        return (
            told,
            np.where(told, row[at], 0) if len(row) else at,
            {n: table.column(n) for n in table.column_names},
        )

    def _column(  # noqa: PLR0911 - one line per column of our own
        self,
        name: str,
        held: pa.Table,
        told: npt.NDArray[np.bool_],
        at: npt.NDArray[np.intp],
        known: dict[str, pa.ChunkedArray],
    ) -> pa.ChunkedArray | pa.Array:
        if name == PREDICTION:
            return held.column(SAID)
        if name == PREDICTED:
            return pc.equal(held.column(SAID), self.expected.positive)
        if name == TIMESTAMP:
            return held.column(MOMENT)
        if name == PROBABILITY:
            return held.column(SCORE) if SCORE in held.column_names else pa.nulls(held.num_rows, pa.float64())
        if name in (LABEL, LABEL_TIME, ACTUAL):
            source = known.get(TOLD if name == LABEL_TIME else TRUTH)
            if source is None:
                kinds = {LABEL_TIME: pa.timestamp("us", "UTC"), ACTUAL: pa.bool_()}
                said = pa.float64() if self.expected.task == "regression" else pa.string()
                return pa.nulls(held.num_rows, kinds.get(name, said))
            if name == ACTUAL:
                source = pc.equal(source, self.expected.positive)
            return source.take(pa.array(at, mask=~told))
        column = held.column(name)
        if dict(self.expected.features).get(name) == "boolean" and not pa.types.is_boolean(column.type):
            return pc.if_else(pc.is_null(column), None, pc.equal(column, "true"))
        return column


def _read(files: Files, parts: Sequence[LogPart], columns: Sequence[str]) -> pa.Table:
    asked = [(d, [p.row_group for p in some]) for d, some in groupby(parts, key=lambda p: p.digest)]
    with ThreadPoolExecutor(READERS) as pool:
        tables = list(pool.map(lambda one: partition.read(files.path(one[0]), one[1], columns), asked))
    if not tables:
        return pa.table({name: pa.array([], pa.float64()) for name in columns})
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")


def touched_days(utc_day: date, zone: str) -> tuple[date, ...]:
    """Return the days of a zone that a UTC day's rows may fall into."""
    if zone == "UTC":
        return (utc_day,)
    here = ZoneInfo(zone)
    midnight = datetime(utc_day.year, utc_day.month, utc_day.day, tzinfo=ZoneInfo("UTC"))
    both = (
        midnight.astimezone(here).date(),
        (midnight + timedelta(hours=23, minutes=59)).astimezone(here).date(),
    )
    return tuple(dict.fromkeys(both))


def outcome_of(
    files: Files, predictions: Sequence[LogPart], labels: Sequence[LogPart], expected: Expected
) -> dict[Metric, Measure]:
    """Measure all rows of some parts together."""
    table = _read(files, predictions, [HASH, SAID, SCORE])
    told = _read(files, labels, [HASH, TRUTH])
    known = KnownLabels.of(told.column(HASH).to_numpy(), told.column(TRUTH))
    return Outcome(table, known, expected).measures(np.ones(table.num_rows, dtype=bool))
