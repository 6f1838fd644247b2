"""Counts where the data lies: a layout's cells as Ibis expressions, on DuckDB, Spark or any engine that Ibis speaks.

The distributed engine. Only comparisons, CASE, group by and sums are used: those give the same integers everywhere
(`approx_*`, casts of floats to integers, hashes, samples and `.histogram()` do not). Exact KS becomes binned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from core.errors import Invalid
from core.evidence.monitoring import counts
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.edges import CategoryEdges, NumberEdges, TextEdges
from core.evidence.monitoring.hours import HOURS, DayProfile, Hourly, total_of
from core.evidence.monitoring.layout import Layout, Measured, Profile, trimmed_by_count
from core.i18n import N_

if TYPE_CHECKING:
    from ibis.expr import types as ir

BINS = 32
_LARGEST = float(np.finfo(np.float64).max)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def coarse(layout: Layout, bins: int = BINS) -> Layout:
    """Return the layout with at most `bins` cells per numeric column, its cuts a part of the old ones.

    The reference's range and the deciles stay, so that PSI and out-of-range are the same; KS is at fewer cuts.
    """
    return Layout(
        tuple(
            replace(one, edges=_coarse(one.edges, bins)) if isinstance(one.edges, NumberEdges) else one
            for one in layout.columns
        )
    )


def _coarse(edges: NumberEdges, bins: int) -> NumberEdges:
    if len(edges.cuts) < bins:
        return edges
    last = len(edges.cuts) - 1
    kept = {0, last, *edges.deciles}
    for place in np.linspace(0, last, bins - 1).round().astype(int).tolist():
        if len(kept) >= bins - 1:
            break
        kept.add(place)
    order = sorted(kept)
    return NumberEdges(
        cuts=tuple(edges.cuts[i] for i in order),
        deciles=tuple(order.index(i) for i in edges.deciles),
        display=tuple(range(len(order))),
        discrete=False,
        temporal=edges.temporal,
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    column: Measured
    edges: NumberEdges


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Rows of each group, cells (groups, slots), moments (groups, columns, 6), and new categories.

    Those are kept by day, 24 groups each, and column.
    """

    rows: Cells
    cells: Cells
    moments: Floats
    novel: Mapping[tuple[int, str], Mapping[str, int]]


_GROUP = "aval:group"


def profile(table: "ir.Table", layout: Layout) -> Profile:
    """Count an Ibis table into the cells of `layout`, in one query for numbers and one per category column.

    A column that the table lacks counts as missing in every row. Raise `Invalid` where a column's type does not fit.
    """
    import ibis  # noqa: PLC0415

    found = _grouped(table, layout, ibis.literal(0, "int16"), 1)
    novel = trimmed_by_count({name: new for (_day, name), new in found.novel.items()})
    return Profile(int(found.rows[0]), found.cells[0], found.moments[0], novel)


def profile_days(
    table: "ir.Table", layout: Layout, moment: str, first: date, last: date
) -> dict[date, DayProfile]:
    """Count a table's rows from one day to another in UTC, both included, hour by hour; days without rows are left out.

    `moment` names the column that says when. Expressions of many cuts take longer to build than to run: ask for many
    days at once.
    """
    column = table[moment]
    when = column.cast("timestamp") if column.type().is_date() else column
    groups = ((last - first).days + 1) * HOURS
    starts = [_literal(_microseconds(first) + hour * 3_600_000_000, when) for hour in range(groups + 1)]
    kept = table.filter(when >= starts[0], when < starts[-1])
    found = _grouped(kept, layout, _stair(when, starts[1:-1]), groups)
    days: dict[date, DayProfile] = {}
    for step in range(groups // HOURS):
        held = step * HOURS + np.flatnonzero(found.rows[step * HOURS : (step + 1) * HOURS])
        if len(held):
            hourly = Hourly(tuple((held % HOURS).tolist()), found.cells[held], found.moments[held])
            novel = {name: new for (at, name), new in found.novel.items() if at == step}
            total = total_of(int(found.rows[held].sum()), hourly, trimmed_by_count(novel))
            days[first + timedelta(days=step)] = DayProfile(total, hourly)
    return days


def rows_by_day(table: "ir.Table", moment: str, first: date, last: date) -> dict[date, int]:
    """Count a table's rows of each day in UTC, both ends included; days without rows are left out."""
    import ibis  # noqa: PLC0415

    column = table[moment]
    when = column.cast("timestamp") if column.type().is_date() else column
    days = [first + timedelta(days=step) for step in range((last - first).days + 2)]
    starts = [midnight(day, when) for day in days]
    kept = table.filter(when >= starts[0], when < starts[-1])
    told = kept.select(day=_stair(when, starts[1:-1])).group_by("day").agg(held=ibis._.count()).to_pyarrow()
    return {
        days[place]: held
        for place, held in sorted(zip(told["day"].to_pylist(), told["held"].to_pylist(), strict=True))
    }


def midnight(day: date, value: "ir.Column") -> "ir.Scalar":
    """Return the beginning of a day in UTC, as what the values of a column of moments are compared with."""
    return _literal(_microseconds(day), value)


def _microseconds(day: date) -> float:
    return float((datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1))


def _grouped(table: "ir.Table", layout: Layout, group: "ir.Value", groups: int) -> _Grouped:
    held = set(table.columns)
    table = table.mutate(**{_GROUP: group})
    numbers = tuple(
        _Numbers(one, one.edges)
        for one in layout.columns
        if isinstance(one.edges, NumberEdges) and one.name in held
    )
    texts = tuple(one.name for one in layout.columns if isinstance(one.edges, TextEdges) and one.name in held)
    rows, moments, filled = _moments(table, numbers, texts, groups)
    cells = _number_cells(table, numbers, groups)
    novel: dict[tuple[int, str], Mapping[str, int]] = {}
    parts: list[Cells] = []
    for one in layout.columns:
        if one.name not in held:
            found = np.zeros((groups, one.edges.slots), dtype=np.int64)
            found[:, 0] = rows
        elif isinstance(one.edges, NumberEdges):
            found = cells[one.name]
        elif isinstance(one.edges, CategoryEdges):
            found, new = _category_cells(table, one.name, one.edges, groups)
            novel |= {(day, one.name): values for day, values in new.items()}
        else:
            found = np.stack([rows - filled[one.name], filled[one.name]], axis=1)
        parts.append(found)
    nothing = np.tile(_none(), (groups, 1))
    stacked = [moments.get(one.name, nothing) for one in layout.columns]
    return _Grouped(
        rows,
        np.concatenate(parts, axis=1) if parts else np.zeros((groups, 0), dtype=np.int64),
        np.stack(stacked, axis=1) if stacked else np.zeros((groups, 0, len(_none()))),
        novel,
    )


def _none() -> Floats:
    return np.array([0.0, 0.0, 0.0, np.inf, -np.inf, 0.0])


def _value(table: "ir.Table", one: _Numbers) -> "ir.Column":
    """Return what is compared with the cuts: a float, or the moment itself."""
    column = table[one.column.name]
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        return column.cast("timestamp") if kind.is_date() else column
    if kind.is_boolean():
        return column.cast("int8").cast("float64")
    if not kind.is_numeric():
        raise Invalid(
            "monitoring.engine_type",
            N_("The column {column} is of type {kind} there; numbers are expected."),
            fix=N_("Name the table that holds the model's own columns."),
            column=one.column.name,
            kind=str(kind),
        )
    return column.cast("float64")


def _literal(cut: float, value: "ir.Column") -> "ir.Scalar":
    import ibis  # noqa: PLC0415

    kind = value.type()
    if not kind.is_timestamp():
        return ibis.literal(cut, "float64")
    moment = _EPOCH + timedelta(microseconds=int(np.floor(cut)))
    return ibis.timestamp(moment if kind.timezone else moment.replace(tzinfo=None)).cast(kind)


def _stair(value: "ir.Column", steps: Sequence["ir.Scalar"]) -> "ir.Column":
    """Return how many of the ascending `steps` each value has reached, by a balanced tree of comparisons."""
    import ibis  # noqa: PLC0415

    def tree(low: int, high: int) -> "ir.Value":
        if low == high:
            return ibis.literal(low, "int16")
        middle = (low + high) // 2
        return (value < steps[middle]).ifelse(tree(low, middle), tree(middle + 1, high))

    return tree(0, len(steps))


def _slot(value: "ir.Column", edges: NumberEdges) -> "ir.Column":
    """Return the slot of each row: 0 null, 1 NaN, then the cells, by a balanced tree of comparisons."""
    import ibis  # noqa: PLC0415

    cuts = [_literal(cut, value) for cut in edges.cuts]

    def tree(low: int, high: int) -> "ir.Value":
        if low == high:
            return ibis.literal(low + 2, "int16")
        middle = (low + high) // 2
        return (value <= cuts[middle]).ifelse(tree(low, middle), tree(middle + 1, high))

    slot = value.isnull().ifelse(ibis.literal(0, "int16"), tree(0, len(cuts)))
    if value.type().is_floating():
        # NaN is asked first: on Spark, Ibis lets `isnull` hold for NaN too.
        slot = value.isnan().ifelse(ibis.literal(1, "int16"), slot)
    return slot


def _number_cells(table: "ir.Table", numbers: Sequence[_Numbers], groups: int) -> dict[str, Cells]:
    import ibis  # noqa: PLC0415

    found = {one.column.name: np.zeros((groups, one.edges.slots), dtype=np.int64) for one in numbers}
    if not numbers:
        return found
    asked = [
        table.select(
            place=ibis.literal(place, "int32"),
            grouped=table[_GROUP],
            slot=_slot(_value(table, one), one.edges),
        )
        .group_by("place", "grouped", "slot")
        .agg(held=ibis._.count())
        for place, one in enumerate(numbers)
    ]
    told = (ibis.union(*asked, distinct=False) if len(asked) > 1 else asked[0]).to_pyarrow()
    for place, group, slot, held in zip(
        *(told[name].to_pylist() for name in ("place", "grouped", "slot", "held")), strict=True
    ):
        found[numbers[place].column.name][group, slot] += held
    return found


def _moments(
    table: "ir.Table", numbers: Sequence[_Numbers], texts: Sequence[str], groups: int
) -> tuple[Cells, dict[str, Floats], dict[str, Cells]]:
    """Return each group's rows, moments of the finite numbers (moments in time keep only their bounds), filled texts."""
    asked: list[ir.Scalar] = [table.count().name("rows")]
    asked += [table[name].count().name(f"filled{place}") for place, name in enumerate(texts)]
    for place, one in enumerate(numbers):
        value = _value(table, one)
        if value.type().is_timestamp():
            asked += [
                value.count().name(f"n{place}"),
                value.min().name(f"low{place}"),
                value.max().name(f"high{place}"),
            ]
            continue
        # By comparison: what `isinf` says of an infinity differs between engines.
        finite = ((value >= -_LARGEST) & (value <= _LARGEST)).ifelse(value, None)
        endless = (value < -_LARGEST) | ((value > _LARGEST) & ~value.isnan())
        asked += [
            finite.count().name(f"n{place}"),
            finite.sum().name(f"sum{place}"),
            (finite * finite).sum().name(f"squares{place}"),
            finite.min().name(f"low{place}"),
            finite.max().name(f"high{place}"),
            endless.ifelse(1, 0).sum().name(f"endless{place}"),
        ]
    rows = np.zeros(groups, dtype=np.int64)
    found = {one.column.name: np.tile(_none(), (groups, 1)) for one in numbers}
    filled = {name: np.zeros(groups, dtype=np.int64) for name in texts}
    for told in table.group_by(_GROUP).aggregate(asked).to_pyarrow().to_pylist():
        group = told[_GROUP]
        rows[group] = told["rows"]
        for place, name in enumerate(texts):
            filled[name][group] = told[f"filled{place}"]
        for place, one in enumerate(numbers):
            found[one.column.name][group] = _line(told, place)
    return rows, found, filled


def _line(told: Mapping[str, float | None], place: int) -> Floats:
    line = _none()
    held = int(told[f"n{place}"] or 0)
    low, high = told[f"low{place}"], told[f"high{place}"]
    if held and low is not None and high is not None:
        line[:5] = (
            held,
            told.get(f"sum{place}") or 0.0,
            told.get(f"squares{place}") or 0.0,
            _bound(low),
            _bound(high),
        )
    line[5] = told.get(f"endless{place}") or 0.0
    return line


def _bound(value: float | datetime) -> float:
    if isinstance(value, datetime):
        whole = value if value.tzinfo else value.replace(tzinfo=UTC)
        return float((whole - _EPOCH) // timedelta(microseconds=1))
    return float(value)


def _category_cells(
    table: "ir.Table", name: str, edges: CategoryEdges, groups: int
) -> tuple[Cells, dict[int, dict[str, int]]]:
    import ibis  # noqa: PLC0415

    told = (
        table.select(value=table[name], grouped=table[_GROUP])
        .group_by("value", "grouped")
        .agg(held=ibis._.count())
        .to_pyarrow()
    )
    # Values are written as text here, by the same rule as in the embedded engine.
    names = counts.texts(told["value"]).cast(pa.string()).to_pylist()
    slot: dict[str | None, int] = {None: 0, **dict.fromkeys(edges.others, edges.slots - 2)}
    slot |= {value: place for place, value in enumerate(edges.listed, 1)}
    cells = np.zeros((groups, edges.slots), dtype=np.int64)
    novel: dict[int, dict[str, int]] = {}
    for value, group, held in zip(names, told["grouped"].to_pylist(), told["held"].to_pylist(), strict=True):
        cells[group, slot.get(value, edges.slots - 1)] += held
        if value not in slot:
            new = novel.setdefault(group // HOURS, {})
            new[value] = new.get(value, 0) + held
    return cells, novel
