"""A log that another engine keeps: opened with Ibis, counted where it lies, never copied here as a whole."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from core.assets.registry.version import Version
from core.errors import Invalid, Unavailable
from core.evidence.monitoring import ibis_engine
from core.evidence.monitoring.batches import (
    LABEL,
    LABEL_TIME,
    MOMENT,
    PREDICTION,
    PREDICTION_ID,
    PROBABILITY,
    SAID,
    SCORE,
    TIMESTAMP,
    Expected,
)
from core.evidence.monitoring.hours import DayProfile
from core.evidence.monitoring.layout import Layout
from core.evidence.monitoring.location import Named, Outside, opened
from core.i18n import N_

if TYPE_CHECKING:
    import ibis
    from ibis.expr import types as ir

MOST_DAYS = 400
"""How far back days are counted anew where their rows changed."""
AT_ONCE = 31
"""Days that one round of queries counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the outside tables told."""

    rows: int
    first: datetime | None
    last: datetime | None
    labels: int | None


class OutsideLog:
    """One version's rows of the outside tables."""

    def __init__(
        self, backend: "ibis.BaseBackend", outside: Outside, version: Version, expected: Expected
    ) -> None:
        self._outside = outside
        self._expected = expected
        self._predictions = self._of_version(_table(backend, outside.predictions), version)
        self._labels = _table(backend, outside.labels) if outside.labels else None
        self._mapping = version.mapping
        self._check()

    def look(self) -> Found:
        """Count what is there, and from when to when."""
        when = self._moment()
        told = self._predictions.aggregate(
            rows=self._predictions.count(), first=when.min(), last=when.max()
        ).to_pyarrow()
        row = told.to_pylist()[0]
        labels = None if self._labels is None else int(self._labels.count().to_pyarrow().as_py())
        return Found(int(row["rows"]), _moment(row["first"]), _moment(row["last"]), labels)

    def rows_by_day(self, first: date, last: date) -> dict[date, int]:
        """Count the rows of each day."""
        return ibis_engine.rows_by_day(self._predictions, self._name(Named.TIMESTAMP), first, last)

    def profile_days(self, layout: Layout, days: Sequence[date]) -> Iterator[dict[date, DayProfile]]:
        """Count days into the layout's cells, hour by hour; those of one span of time together."""
        table = self._measured(layout)
        wanted = set(days)
        left = sorted(wanted)
        while left:
            last = max(day for day in left if day < left[0] + timedelta(days=AT_ONCE))
            found = ibis_engine.profile_days(table, layout, MOMENT, left[0], last)
            yield {day: counted for day, counted in found.items() if day in wanted}
            left = [day for day in left if day > last]

    def outcome(self, first: date, end: date) -> tuple[pa.Table, pa.Table]:
        """Return ids, moments, predictions and scores from one day to before another, and the labels of those ids.

        Both are named as a batch names its columns; labels come in the order in which they were told.
        """
        when = self._moment()
        start, stop = (ibis_engine.midnight(day, when) for day in (first, end))
        table = self._predictions.filter(when >= start, when < stop)
        names = {PREDICTION_ID: Named.PREDICTION_ID, TIMESTAMP: Named.TIMESTAMP}
        names |= {PREDICTION: Named.PREDICTION, PROBABILITY: Named.PROBABILITY}
        held = set(table.columns)
        chosen = {name: table[self._name(one)] for name, one in names.items() if self._name(one) in held}
        predictions = table.select(**chosen)
        if self._labels is None:
            return predictions.to_pyarrow(), pa.table({PREDICTION_ID: pa.array([], pa.string()), LABEL: []})
        labels, key = self._labels, self._name(Named.LABEL_ID)
        told = {PREDICTION_ID: labels[key], LABEL: labels[self._name(Named.LABEL)]}
        if self._name(Named.LABEL_TIME):
            told[LABEL_TIME] = labels[self._name(Named.LABEL_TIME)]
        known = labels.semi_join(predictions, labels[key] == predictions[PREDICTION_ID]).select(
            **{name: column.get_name() for name, column in told.items()}
        )
        if LABEL_TIME in told:
            known = known.order_by(LABEL_TIME)
        return predictions.to_pyarrow(), known.to_pyarrow()

    def _of_version(self, table: "ir.Table", version: Version) -> "ir.Table":
        named = self._name(Named.VERSION)
        if not named:
            return table
        _need(table, [named], self._outside.predictions)
        return table.filter(table[named].cast("string") == str(version.number))

    def _check(self) -> None:
        scored = self._expected.output == "probability" and self._expected.task == "binary"
        said = Named.PROBABILITY if scored else Named.PREDICTION
        wanted = [self._name(one) for one in (Named.PREDICTION_ID, Named.TIMESTAMP, said)]
        held = set(self._predictions.columns)
        features = [
            name if name in held else self._mapping.get(name, name) for name, _kind in self._expected.features
        ]
        _need(self._predictions, [*wanted, *features], self._outside.predictions)
        if self._labels is not None:
            names = [self._name(Named.LABEL_ID), self._name(Named.LABEL), self._name(Named.LABEL_TIME)]
            _need(self._labels, [name for name in names if name], self._outside.labels)
        kind = self._predictions[self._name(Named.TIMESTAMP)].type()
        if not kind.is_timestamp() and not kind.is_date():
            raise Invalid(
                "log.moment",
                N_("The column {column} is of type {kind} there; a moment is expected."),
                fix=N_("Name a column of timestamps, or a view that casts it."),
                field="columns",
                column=self._name(Named.TIMESTAMP),
                kind=str(kind),
            )

    def _measured(self, layout: Layout) -> "ir.Table":
        """Name the columns as the layout does; the decision is made from the score where the table has none."""
        import ibis  # noqa: PLC0415 - loads slowly, and only the worker needs it

        table = self._predictions
        held = set(table.columns)
        chosen = {MOMENT: table[self._name(Named.TIMESTAMP)]}
        for column in layout.columns:
            name = column.name
            if name == SCORE and self._name(Named.PROBABILITY) in held:
                chosen[name] = table[self._name(Named.PROBABILITY)].cast("float64")
            elif name == SAID and self._name(Named.PREDICTION) in held:
                chosen[name] = table[self._name(Named.PREDICTION)]
            elif name == SAID and self._name(Named.PROBABILITY) in held:
                other = next((c for c in self._expected.classes if c != self._expected.positive), "")
                over = table[self._name(Named.PROBABILITY)].cast("float64") >= self._expected.threshold
                chosen[name] = over.ifelse(ibis.literal(self._expected.positive), ibis.literal(other))
            elif name in held:
                chosen[name] = table[name]
            elif self._mapping.get(name, "") in held:
                chosen[name] = table[self._mapping[name]]
        return table.select(**chosen)

    def _moment(self) -> "ir.Column":
        column = self._predictions[self._name(Named.TIMESTAMP)]
        return column.cast("timestamp") if column.type().is_date() else column

    def _name(self, named: Named) -> str:
        return self._outside.column(named)


@contextmanager
def outside_log(outside: Outside, version: Version, expected: Expected) -> Iterator[OutsideLog]:
    """Open the tables, for reading only where the engine knows that. Raise `Invalid` or `Unavailable` with what to do."""
    backend = _connect(outside)
    try:
        yield OutsideLog(backend, outside, version, expected)
    finally:
        backend.disconnect()


def _connect(outside: Outside) -> "ibis.BaseBackend":
    import ibis  # noqa: PLC0415 - loads slowly, and only the worker needs it

    address = opened(outside.address, os.environ)
    try:
        if outside.engine == "duckdb":
            path = address.partition("://")[2].partition("?")[0]
            backend = ibis.duckdb.connect(path, read_only=True)
            backend.raw_sql("SET enable_external_access = false")
            return backend
        return ibis.connect(address)
    except ImportError as error:
        raise Unavailable(
            "log.driver",
            N_("The driver for {engine} is not installed: {reason}."),
            fix=N_("Install it beside Aval: pip install 'ibis-framework[{engine}]'."),
            engine=outside.engine,
            reason=_reason(error),
        ) from error
    except Exception as error:
        # Every driver has errors of its own.
        raise Unavailable(
            "log.unreachable",
            N_("The engine {engine} does not answer: {reason}."),
            fix=N_("Check the address, that the engine runs, and that no other process holds the file."),
            engine=outside.engine,
            reason=_reason(error),
        ) from error


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0][:200].rstrip(".") if text else "") or type(error).__name__


def _table(backend: "ibis.BaseBackend", name: str) -> "ir.Table":
    *database, table = name.split(".")
    try:
        return backend.table(table, database=tuple(database) or None)
    except Exception as error:
        # Every driver has errors of its own, and not all of them are Ibis's.
        raise Invalid(
            "log.no_table",
            N_("There is no table {table} there."),
            fix=N_("The tables are: {known}."),
            field="predictions",
            table=name,
            known=", ".join(_tables(backend)[:20]) or "–",
        ) from error


def _tables(backend: "ibis.BaseBackend") -> list[str]:
    if backend.name == "duckdb":
        # Ibis 12 asks DuckDB 2 in a way that is gone.
        return sorted(str(row[0]) for row in backend.raw_sql("SHOW TABLES").fetchall())
    return sorted(backend.list_tables())


def _need(table: "ir.Table", names: Sequence[str], of: str) -> None:
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise Invalid(
            "log.no_column",
            N_("The table {table} has no column {columns}."),
            fix=N_("Its columns are: {known}. Say in the settings how the missing ones are called."),
            field="columns",
            table=of,
            columns=", ".join(missing),
            known=", ".join(list(table.columns)[:40]),
        )


def _moment(value: date | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - made aware below
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def changed(there: Mapping[date, int], here: Mapping[date, int]) -> list[date]:
    """Return the days whose rows there are not as many as were counted here, in order; days gone there stay."""
    return sorted(day for day, rows in there.items() if here.get(day) != rows)
