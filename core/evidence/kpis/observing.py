"""Observe a formula over a version's log: only the days whose parts changed are read again."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from core.evidence.kpis import evaluating
from core.evidence.kpis.daily import DaySums, Span, windows_of_days
from core.evidence.kpis.definition import Definition, Status
from core.evidence.kpis.formula import Formula
from core.evidence.kpis.formula_plan import Plan, plan
from core.evidence.kpis.intervals import Estimate, Method, from_totals
from core.evidence.kpis.logged import DAY, LABELLED, LogReader, touched_days
from core.evidence.kpis.queries import Observation
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import Window, window_of

COUNTED = "aval:place"
MOST_SEGMENTS = 200
"""A column with more values on a day is an identifier, not a segment."""
MOST_SEGMENTS = 40


@dataclass(frozen=True, slots=True)
class Log:
    """The parts of a version, by UTC day."""

    predictions: Mapping[date, tuple[LogPart, ...]]
    labels: Mapping[date, tuple[LogPart, ...]]

    @classmethod
    def of(cls, predictions: Iterable[LogPart], labels: Iterable[LogPart]) -> "Log":
        """Sort parts by day, each day's in the order of arrival."""
        return cls(_by_day(predictions), _by_day(labels))

    def fingerprints(self, zone: str) -> dict[date, tuple[str, tuple[date, ...]]]:
        """Return for each day of a zone what the log holds of it, and the UTC days that hold its rows."""
        sources: dict[date, list[date]] = {}
        for utc_day in sorted(self.predictions):
            for one in touched_days(utc_day, zone):
                sources.setdefault(one, []).append(utc_day)
        return {one: (self._fingerprint(held), tuple(held)) for one, held in sources.items()}

    def _fingerprint(self, held: Sequence[date]) -> str:
        ids = [p.id for d in held for p in (*self.predictions[d], *self.labels.get(d, ()))]
        return hashlib.sha256("".join(ids).encode()).hexdigest()[:24]


def _by_day(parts: Iterable[LogPart]) -> dict[date, tuple[LogPart, ...]]:
    found: dict[date, list[LogPart]] = {}
    for one in parts:
        found.setdefault(one.day, []).append(one)
    return {day: tuple(some) for day, some in found.items()}


@dataclass(frozen=True)
class Observed:
    """New sums of days, the days they stand for, and what every window that was touched shows now."""

    days: tuple[DaySums, ...]
    replaced: tuple[date, ...]
    windows: tuple[Observation, ...]


def observe_formula(
    definition: Definition,
    formula: Formula,
    log: Log,
    reader: LogReader,
    before: Sequence[DaySums],
    now: datetime,
) -> Observed:
    """Bring a formula's days and windows up to what the log holds; nothing where nothing changed."""
    worked = _Worked(definition, formula, plan(formula), reader, log)
    held = {one.day: one.parts for one in before}
    told = log.fingerprints(definition.zone)
    stale = sorted(day for day, (mark, _) in told.items() if held.get(day) != mark)
    if not stale:
        return Observed((), (), ())
    if definition.every:
        # Rows that come late push all later ones on: everything after the first changed day is counted anew.
        stale = sorted(day for day in told if day >= stale[0])
    kept = [one for one in before if one.day not in set(stale)]
    counted = sum(one.labelled if formula.needs_outcome else one.rows for one in kept if not one.segment)
    fresh: list[DaySums] = []
    for day in stale:
        mark, sources = told[day]
        found = worked.day(day, sources, mark, counted)
        counted += sum(
            one.labelled if formula.needs_outcome else one.rows for one in found if not one.segment
        )
        fresh += found
    touched = {window_of(day, definition.window) for day in stale}
    places = {one.place for one in fresh}
    everything = sorted([*kept, *fresh], key=lambda one: one.day)
    spans = windows_of_days(everything, worked.plan, definition.window, definition.every)
    windows = [
        worked.observation(segment, place, span, now)
        for (segment, place), span in sorted(spans.items())
        if (place in places if definition.every else span.window in touched)
    ]
    return Observed(tuple(fresh), tuple(stale), tuple(windows))


class _Worked:
    def __init__(
        self, definition: Definition, formula: Formula, planned: Plan, reader: LogReader, log: Log
    ) -> None:
        self.definition = definition
        self.formula = formula
        self.plan = planned
        self._reader = reader
        self._log = log
        self._also = [one for one in (definition.segment, definition.currency_column) if one]

    def _table(self, sources: Sequence[date]) -> pa.Table:
        predictions = [p for d in sources for p in self._log.predictions.get(d, ())]
        labels = [p for d in sources for p in self._log.labels.get(d, ())]
        return self._reader.table(predictions, labels, [*self.formula.columns, *self._also])

    def day(self, day: date, sources: Sequence[date], mark: str, counted: int) -> list[DaySums]:
        table = self._table(sources)
        if self.definition.zone != "UTC":
            table = table.filter(pa.array(table.column(DAY).to_numpy() == np.datetime64(day)))
        labelled = table.column(LABELLED).to_numpy()
        used = table.filter(table.column(LABELLED)) if self.formula.needs_outcome else table
        note = self._note(used)
        places = np.zeros(used.num_rows, np.int64)
        if self.definition.every:
            places = (counted + np.arange(used.num_rows)) // self.definition.every
        held = evaluating.prepared(used, self.plan, self._also).append_column(COUNTED, pa.array(places))
        found = []
        for segmented in (False, True) if self.definition.segment else (False,):
            by = [COUNTED, self.definition.segment] if segmented else [COUNTED]
            groups = evaluating.sums(held, self.plan, by)
            if segmented and len(groups) > MOST_SEGMENTS:
                break
            for key, (totals, _) in groups.items():
                segment = "" if not segmented else _segment(key[1])
                body = totals.packed()
                odd = "" if all(math.isfinite(one) for one in body) else "out_of_range"
                if segmented:
                    here = rows = totals.n
                else:
                    # By count, every row of a window is one that the formula uses.
                    here = totals.n if self.definition.every else int(labelled.sum())
                    rows = totals.n if self.definition.every else table.num_rows
                place = int(str(key[0]))
                found.append(
                    DaySums(day, segment, place, rows, here, mark, note or odd, tuple(() if odd else body))
                )
        if not found:
            found.append(DaySums(day, "", 0, table.num_rows, int(labelled.sum()), mark, note, ()))
        return found

    def _note(self, used: pa.Table) -> str:
        column = self.definition.currency_column
        if not column or not used.num_rows:
            return ""
        said = set(used.column(column).unique().to_pylist())
        return "" if said <= {self.definition.currency} else "mixed_currencies"

    def observation(self, segment: str, place: int, span: Span, now: datetime) -> Observation:
        """Say what a window shows, judged by the bands."""
        estimate = self._estimate(segment, span)
        note = span.note or ("" if estimate.value is not None else "no_value")
        value = None if span.note else estimate.value
        end = span.window.end + timedelta(days=1) if self.definition.every else span.window.end
        status = Status.NOT_ENOUGH if value is None else self.definition.judge(value, estimate.n)
        if (
            self.definition.every
            and estimate.n < self.definition.every
            and span.totals.n < self.definition.every
        ):
            status = Status.NOT_ENOUGH
        return Observation(
            window=Window(span.window.start, end),
            value=value,
            low=None if value is None else estimate.low,
            high=None if value is None else estimate.high,
            n=estimate.n,
            coverage=span.labelled / span.rows if span.rows else 0.0,
            status=status,
            observed_at=now,
            segment=segment,
            place=place,
            method=estimate.method if value is not None else Method.NONE,
            note=note if value is None else "",
        )

    def _estimate(self, segment: str, span: Span) -> Estimate:
        if self.plan.adds_up:
            return from_totals(self.plan, span.totals)
        first, last = span.window.start - timedelta(days=1), span.window.end + timedelta(days=1)
        table = self._table([d for d in sorted(self._log.predictions) if first <= d <= last])
        day = table.column(DAY).to_numpy()
        inside = (day >= np.datetime64(span.window.start)) & (day < np.datetime64(span.window.end))
        if self.formula.needs_outcome:
            inside &= table.column(LABELLED).to_numpy()
        if segment:
            named = [_segment(one) for one in table.column(self.definition.segment).to_pylist()]
            inside &= np.array(named) == segment
        return evaluating.evaluate(table.filter(pa.array(inside)), self.plan)


def _segment(value: object) -> str:
    return "–" if value in (None, "") else str(value)
