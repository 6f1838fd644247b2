"""Reading of stored profiles: days and hours summed to windows, and what each window is compared with."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import cast

import numpy as np
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from core.evidence.monitoring import counts
from core.evidence.monitoring import drift as comparing
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.hours import unpack_hours
from core.evidence.monitoring.layout import Layout, from_json
from core.evidence.monitoring.records import Drift, Reference
from core.evidence.monitoring.season import FEWEST, Against, earliest, recent_weeks, same_season
from core.evidence.monitoring.tables import ProfileRow, ReferenceDayRow, ReferenceRow
from core.evidence.monitoring.windows import Grain, Window, hour_of, window_of

MOST_WINDOWS = 120
MOST_HOURS = 336
"""Two weeks: what a chart by the hour shows at once."""

SEASON_ROWS = 300
"""The least rows of a month that make it a season of its own."""

Novel = Mapping[str, Mapping[str, int]]


def reference(session: Session, version_id: str) -> Reference | None:
    """Return a version's reference; none before its first prediction is profiled."""
    row = session.get(ReferenceRow, version_id)
    if row is None:
        return None
    layout = from_json(row.layout)
    cells, moments = layout.unpack(row.body)
    return Reference(layout, row.rows, cells, moments, row.dataset_digest, row.created_at)


def covers_year(session: Session, version_id: str, least: int = SEASON_ROWS) -> bool:
    """Say whether the evaluation data holds at least `least` rows of every month of the year."""
    months: dict[int, int] = {}
    query = select(col(ReferenceDayRow.day), col(ReferenceDayRow.rows)).where(
        ReferenceDayRow.version_id == version_id
    )
    for day, rows in session.exec(query):
        months[day.month] = months.get(day.month, 0) + rows
    return len(months) == 12 and min(months.values()) >= least


def drift(
    session: Session,
    version_id: str,
    grain: Grain = Grain.MONTH,
    *,
    since: date | None = None,
    until: date | None = None,
    most: int = 0,
    tested: bool = False,
    against: Against = Against.EVALUATION,
    columns: Collection[str] = (),
) -> Drift | None:
    """Compare a version's windows with its reference, the last `most` of them; none without predictions.

    `since` and `until` (not included) are days, or moments for hours. `columns` leaves the others out. p-values are
    computed only with `tested`. Days counted before hours were kept have none in windows of an hour.
    """
    held = reference(session, version_id)
    if held is None:
        return None
    most = most or (MOST_HOURS if grain == Grain.HOUR else MOST_WINDOWS)
    query = (
        select(col(ProfileRow.day)).where(ProfileRow.version_id == version_id).order_by(col(ProfileRow.day))
    )
    if since is not None:
        query = query.where(col(ProfileRow.day) >= _day(since))
    if until is not None:
        query = query.where(col(ProfileRow.day) <= _day(until))
    days = list(session.exec(query))
    if grain == Grain.HOUR:
        days = days[-most:]
    shown = sorted({window_of(day, grain) for day in days})[-most:] if grain != Grain.HOUR else ()
    if not days:
        return None
    # A week or month that `since` or `until` falls into is counted whole.
    span = (shown[0].start, shown[-1].end) if shown else (days[0], days[-1])
    picked = _picked(held, columns)
    summed = _summed(session, ProfileRow, version_id, held.layout, grain, span, picked)
    windows = tuple(
        window
        for window in sorted(summed.place)
        if (since is None or window.end > _at(since, grain))
        and (until is None or window.start < _at(until, grain))
    )[-most:]
    if not windows:
        return None
    at = [summed.place[window] for window in windows]
    # Days come in order, so these stand in a row: no copy.
    kept = slice(at[0], at[-1] + 1) if at == list(range(at[0], at[-1] + 1)) else at
    cells, moments = summed.cells[kept], summed.moments[kept]
    before = picked.reference.cells
    blocks: Sequence[Cells] = ()
    if against != Against.EVALUATION:
        before, blocks = _seasonal(session, version_id, held.layout, grain, windows, picked, summed, against)
    found = comparing.compare(
        picked.reference.layout,
        before,
        cells,
        moments,
        tested=tested,
        spread=_spread(picked.reference.moments),
        blocks=blocks,
    )
    novel = tuple(summed.novel.get(window, {}) for window in windows)
    return Drift(grain, picked.reference, windows, found, cells, novel, against)


@dataclass(frozen=True, slots=True)
class _Picked:
    """The reference's columns that are asked for, and the places of their cells and moments among all."""

    reference: Reference
    slots: Cells | slice
    columns: Cells | slice


def _picked(held: Reference, columns: Collection[str]) -> _Picked:
    if not columns:
        return _Picked(held, slice(None), slice(None))
    wanted = [(i, one, span) for i, (one, span) in enumerate(held.layout.spans()) if one.name in columns]
    slots = np.concatenate([np.arange(span.start, span.stop) for _i, _one, span in wanted] or [np.arange(0)])
    places = np.array([i for i, _one, _span in wanted], dtype=np.int64)
    part = Reference(
        Layout(tuple(one for _i, one, _span in wanted)),
        held.rows,
        held.cells[slots],
        held.moments[places],
        held.dataset_digest,
        held.created_at,
    )
    return _Picked(part, slots, places)


@dataclass(frozen=True, slots=True)
class _Summed:
    """Windows by their place in the cells (W, slots) and moments (W, columns, 6)."""

    place: dict[Window, int]
    cells: Cells
    moments: Floats
    novel: dict[Window, dict[str, dict[str, int]]] = field(default_factory=dict)


def _summed(
    session: Session,
    table: type[ProfileRow] | type[ReferenceDayRow],
    version_id: str,
    layout: Layout,
    grain: Grain,
    days: tuple[date, date],
    picked: _Picked,
) -> _Summed:
    """Sum the stored days from the first to the last, both included, to windows."""
    query = (
        select(table)
        .where(
            table.version_id == version_id,
            col(table.day) >= _day(days[0]),
            col(table.day) <= _day(days[1]),
        )
        .order_by(col(table.day))
        .options(defer(table.body if grain == Grain.HOUR else table.hours))  # type: ignore[arg-type]
    )
    rows = cast("list[ProfileRow | ReferenceDayRow]", list(session.exec(query)))
    place: dict[Window, int] = {}
    held: list[tuple[int, Cells, Floats]] = []
    novel: dict[Window, dict[str, dict[str, int]]] = {}
    for row in rows:
        for window, cells, moments in _pieces(row, layout, grain):
            at = place.setdefault(window, len(place))
            held.append((at, cells[picked.slots], moments[picked.columns]))
        if isinstance(row, ProfileRow) and row.novel and grain != Grain.HOUR:
            _add(novel.setdefault(window_of(row.day, grain), {}), row.novel)
    part = picked.reference.layout
    total = np.zeros((len(place), part.slots), dtype=np.int64)
    sums = np.tile(part.empty().moments, (len(place), 1, 1))
    for at, cells, moments in held:
        total[at] += cells
        sums[at] = counts.add_moments(sums[at], moments)
    return _Summed(place, total, sums, novel)


def _pieces(
    row: ProfileRow | ReferenceDayRow, layout: Layout, grain: Grain
) -> Iterator[tuple[Window, Cells, Floats]]:
    if grain != Grain.HOUR:
        cells, moments = layout.unpack(row.body)
        yield window_of(row.day, grain), cells, moments
    elif row.hours is not None:
        hourly = unpack_hours(layout, row.hours)
        for at, hour in enumerate(hourly.hours):
            yield window_of(hour_of(row.day, hour), grain), hourly.cells[at], hourly.moments[at]


def _add(kept: dict[str, dict[str, int]], found: Novel) -> None:
    for name, values in found.items():
        held = kept.setdefault(name, {})
        for value, count in values.items():
            held[value] = held.get(value, 0) + count


def _seasonal(
    session: Session,
    version_id: str,
    layout: Layout,
    grain: Grain,
    windows: Sequence[Window],
    picked: _Picked,
    summed: _Summed,
    against: Against,
) -> tuple[Cells, Sequence[Cells]]:
    """Return each window's own reference (W, slots), and the spans that it is the sum of.

    A window whose season is not known is compared with the whole reference.
    """
    log = summed
    known = _Summed({}, summed.cells[:0], summed.moments[:0])
    if against == Against.SEASON:
        span = (earliest(windows[0]), windows[-1].start)
        log = _summed(session, ProfileRow, version_id, layout, grain, span, picked)
        known = _summed(session, ReferenceDayRow, version_id, layout, grain, span, picked)
    whole = picked.reference.cells
    before = np.empty((len(windows), len(whole)), dtype=np.int64)
    blocks: list[Cells] = []
    for at, window in enumerate(windows):
        if against == Against.PREVIOUS:
            earlier = [one for one in log.place if one < window]
            found = [log.cells[log.place[max(earlier)]]] if earlier else []
            fewest = 1
        else:
            found = _held(same_season(window, grain), window, known, log)
            found = found if len(found) >= FEWEST else _held(recent_weeks(window, grain), window, known, log)
            fewest = FEWEST
        if len(found) < fewest:
            before[at] = whole
            blocks.append(np.empty((0, len(whole)), dtype=np.int64))
        else:
            blocks.append(np.stack(found))
            before[at] = blocks[-1].sum(0)
    return before, blocks


def _held(spans: Sequence[Window], window: Window, known: _Summed, log: _Summed) -> list[Cells]:
    """Return the cells of the spans that hold rows: those of the reference, and of the log before the window."""
    found = []
    for span in spans:
        sides = [side.cells[side.place[span]] for side in (known, log) if span in side.place]
        if sides and span.end <= window.start:
            found.append(np.sum(sides, axis=0))
    return found


def _spread(moments: Floats) -> Floats:
    """Return the population standard deviation of each column."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments[:, 1] / moments[:, 0]
        return np.asarray(np.sqrt(np.maximum(moments[:, 2] / moments[:, 0] - np.square(mean), 0)))


def _day(at: date) -> date:
    return at.astimezone(UTC).date() if isinstance(at, datetime) else at


def _at(at: date, grain: Grain) -> date:
    """Bring a day or moment to what windows of the grain begin with."""
    if grain == Grain.HOUR:
        return at if isinstance(at, datetime) else datetime.combine(at, time(), UTC)
    return _day(at)
