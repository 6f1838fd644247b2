"""Observe a formula over a version's log: only the days whose parts changed are read again."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.evidence.kpis import evaluating
from core.evidence.kpis.daily import DaySums, Span, windows_of_days
from core.evidence.kpis.definition import Definition, Status
from core.evidence.kpis.formula import Formula, Op
from core.evidence.kpis.formula_plan import Plan, plan
from core.evidence.kpis.intervals import Estimate, Method, from_totals
from core.evidence.kpis.logged import DAY, LABELLED, LogReader, touched_days
from core.evidence.kpis.pooled import SEGMENT
from core.evidence.kpis.queries import WINDOWS, Observation
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import Window, window_of

COUNTED = "aval:place"
READ_AT_ONCE = 12_000_000
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
    fresh = worked.days({day: told[day] for day in stale}, counted)
    touched = {window_of(day, definition.window) for day in stale}
    places = {one.place for one in fresh}
    everything = sorted([*kept, *fresh], key=lambda one: one.day)
    spans = windows_of_days(everything, worked.plan, definition.window, definition.every)
    windows = [
        worked.observation(segment, place, span, now)
        for (segment, place), span in sorted(spans.items())
        if (place in places if definition.every else span.window in touched)
    ]
    if not definition.every and worked.pools:
        whole = windows_of_days(
            [one for one in everything if not one.segment], worked.plan, definition.window
        )
        if len(whole) > 1:
            spans_in_order = [span for _, span in sorted(whole.items())]
            windows.append(worked.together(spans_in_order[-WINDOWS:], now))
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
        self._is_total = formula.root.op not in (Op.AVG, Op.SHARE, Op.DIVIDE, Op.MEDIAN, Op.MIN, Op.MAX)
        self._also = [one for one in (definition.segment, definition.currency_column) if one]

    def _table(self, sources: Iterable[date]) -> pa.Table:
        held = sorted(set(sources))
        predictions = [p for d in held for p in self._log.predictions.get(d, ())]
        labels = [p for d in held for p in self._log.labels.get(d, ())]
        return self._reader.table(predictions, labels, [*self.formula.columns, *self._also])

    def days(self, stale: Mapping[date, tuple[str, tuple[date, ...]]], counted: int) -> list[DaySums]:
        """Sum some days, read together up to a bound; `counted` rows lie before them in windows by count."""
        found: list[DaySums] = []
        chunk: dict[date, tuple[str, tuple[date, ...]]] = {}
        rows = 0
        for day, (mark, sources) in stale.items():
            chunk[day] = (mark, sources)
            rows += sum(p.rows for d in sources for p in self._log.predictions.get(d, ()))
            if rows > READ_AT_ONCE:
                found += self._summed(chunk, counted + sum(one.labelled for one in found if not one.segment))
                chunk, rows = {}, 0
        if chunk:
            found += self._summed(chunk, counted + sum(one.labelled for one in found if not one.segment))
        return found

    def _summed(self, chunk: Mapping[date, tuple[str, tuple[date, ...]]], counted: int) -> list[DaySums]:
        table = self._table(d for _, sources in chunk.values() for d in sources)
        if self.definition.zone != "UTC":
            wanted = np.array(list(chunk), dtype="datetime64[D]")
            table = table.filter(pa.array(np.isin(table.column(DAY).to_numpy(), wanted)))
        volume = _volume(table)
        used = table.filter(table.column(LABELLED)) if self.formula.needs_outcome else table
        odd = self._odd_days(used)
        places = np.zeros(used.num_rows, np.int64)
        if self.definition.every:
            places = (counted + np.arange(used.num_rows)) // self.definition.every
        held = evaluating.prepared(used, self.plan, self._also)
        held = held.append_column(DAY, used.column(DAY)).append_column(COUNTED, pa.array(places))
        found: list[DaySums] = []
        seen: set[date] = set()
        for segmented in (False, True) if self.definition.segment else (False,):
            by = [DAY, COUNTED, self.definition.segment] if segmented else [DAY, COUNTED]
            groups = evaluating.sums(held, self.plan, by)
            if segmented and len({key[2] for key in groups}) > MOST_SEGMENTS:
                break
            for key, (totals, _) in groups.items():
                day = _day(key[0])
                body = totals.packed()
                note = odd.get(day, "") or ("" if all(math.isfinite(one) for one in body) else "out_of_range")
                # By segment and by count, the rows that the formula uses are all that are told.
                rows, labelled = (totals.n, totals.n) if segmented or self.definition.every else volume[day]
                segment = _segment(key[2]) if segmented else ""
                kept = tuple(body) if note != "out_of_range" else ()
                found.append(
                    DaySums(day, segment, int(str(key[1])), rows, labelled, chunk[day][0], note, kept)
                )
                seen.add(day)
        for day, (mark, _) in chunk.items():
            if day not in seen:
                rows, labelled = volume.get(day, (0, 0))
                found.append(DaySums(day, "", 0, rows, labelled, mark, "", ()))
        return found

    def _odd_days(self, used: pa.Table) -> dict[date, str]:
        """Return the days on which a row names another currency, or none."""
        column = self.definition.currency_column
        if not column or not used.num_rows:
            return {}
        other = pc.fill_null(pc.not_equal(used.column(column), self.definition.currency), fill_value=True)
        return {
            _day(one): "mixed_currencies" for one in pc.unique(used.column(DAY).filter(other)).to_pylist()
        }

    def observation(self, segment: str, place: int, span: Span, now: datetime) -> Observation:
        """Say what a window shows, judged by the bands."""
        estimate = self._estimate(segment, span)
        note = span.note or ("" if estimate.value is not None else "no_value")
        value = None if span.note else estimate.value
        end = span.window.end + timedelta(days=1) if self.definition.every else span.window.end
        status = Status.NOT_ENOUGH if value is None else self.definition.judge(value, estimate.n)
        if segment and self._is_total:
            # The bands are those of the whole: a part of a total cannot be held against them.
            status, note = Status.NOT_ENOUGH, note or "part_of_total"
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
            note=note if value is None or note == "part_of_total" else "",
        )

    @property
    def pools(self) -> bool:
        """Whether all windows together say something that a total does not."""
        return self.plan.adds_up and not self._is_total

    def together(self, spans: Sequence[Span], now: datetime) -> Observation:
        """Say what the windows show together."""
        whole = spans[0].totals
        for one in spans[1:]:
            whole = whole + one.totals
        reach = Window(spans[0].window.start, spans[-1].window.end)
        note = next((one.note for one in spans if one.note), "")
        span = Span(reach, sum(s.rows for s in spans), sum(s.labelled for s in spans), whole, note)
        return replace(self.observation("", 0, span, now), segment=SEGMENT)

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


def _volume(table: pa.Table) -> dict[date, tuple[int, int]]:
    """Return each day's predictions, and those of them with a label."""
    told = table.select([DAY, LABELLED]).group_by(DAY).aggregate([(LABELLED, "count"), (LABELLED, "sum")])
    rows = zip(
        told[DAY].to_pylist(),
        told[f"{LABELLED}_count"].to_pylist(),
        told[f"{LABELLED}_sum"].to_pylist(),
        strict=True,
    )
    return {_day(day): (int(n), int(labelled or 0)) for day, n, labelled in rows}


def _day(value: object) -> date:
    assert isinstance(value, date)  # noqa: S101 - the column holds days
    return value.date() if isinstance(value, datetime) else value


def _segment(value: object) -> str:
    return "–" if value in (None, "") else str(value)
