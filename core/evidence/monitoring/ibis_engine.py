"""Counts where the data lies: a layout's cells as Ibis expressions, on DuckDB, Spark or any engine that Ibis speaks.

The distributed engine. Only comparisons, CASE, group by and sums are used: those give the same integers everywhere
(`approx_*`, casts of floats to integers, hashes, samples and `.histogram()` do not). Exact KS becomes binned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from core.errors import Invalid, Unavailable
from core.evidence.monitoring import counts
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.edges import CategoryEdges, NumberEdges, TextEdges
from core.evidence.monitoring.layout import Layout, Measured, Profile, trimmed_by_count
from core.i18n import N_

if TYPE_CHECKING:
    import ibis
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


def connect(address: str) -> "ibis.BaseBackend":
    """Open the engine at an Ibis address such as `duckdb://log.db`; raise `Unavailable` without the extra."""
    try:
        import ibis  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise Unavailable(
            "monitoring.no_ibis",
            N_("This installation cannot ask other engines."),
            fix=N_("Install the extra `distributed`."),
        ) from error
    return ibis.connect(address)


@dataclass(frozen=True, slots=True)
class _Numbers:
    column: Measured
    edges: NumberEdges


def profile(table: "ir.Table", layout: Layout) -> Profile:
    """Count an Ibis table into the cells of `layout`, in one query for numbers and one per category column.

    A column that the table lacks counts as missing in every row. Raise `Invalid` where a column's type does not fit.
    """
    held = set(table.columns)
    numbers = tuple(
        _Numbers(one, one.edges)
        for one in layout.columns
        if isinstance(one.edges, NumberEdges) and one.name in held
    )
    rows, moments = _moments(table, numbers)
    cells = _number_cells(table, numbers)
    novel: dict[str, Mapping[str, int]] = {}
    parts: list[Cells] = []
    for one in layout.columns:
        if one.name not in held:
            found = np.zeros(one.edges.slots, dtype=np.int64)
            found[0] = rows
        elif isinstance(one.edges, NumberEdges):
            found = cells[one.name]
        elif isinstance(one.edges, CategoryEdges):
            found, new = _category_cells(table, one.name, one.edges)
            if new:
                novel[one.name] = new
        else:
            found = _text_cells(table, one.name, one.edges, rows)
        parts.append(found)
    if not parts:
        return layout.empty()
    stacked = np.stack([moments.get(one.name, _none()) for one in layout.columns])
    return Profile(rows, np.concatenate(parts), stacked, trimmed_by_count(novel))


def _none() -> Floats:
    return np.array([0.0, 0.0, 0.0, np.inf, -np.inf, 0.0])


def _value(table: "ir.Table", one: _Numbers) -> "ir.Column":
    """Return what is compared with the cuts: a float, or the moment itself."""
    column = table[one.column.name]
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        return column.cast("timestamp") if kind.is_date() else column
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


def _number_cells(table: "ir.Table", numbers: Sequence[_Numbers]) -> dict[str, Cells]:
    import ibis  # noqa: PLC0415

    found = {one.column.name: np.zeros(one.edges.slots, dtype=np.int64) for one in numbers}
    if not numbers:
        return found
    asked = [
        table.select(place=ibis.literal(place, "int32"), slot=_slot(_value(table, one), one.edges))
        .group_by("place", "slot")
        .agg(held=ibis._.count())
        for place, one in enumerate(numbers)
    ]
    told = (ibis.union(*asked, distinct=False) if len(asked) > 1 else asked[0]).to_pyarrow()
    for place, slot, held in zip(
        *(told[name].to_pylist() for name in ("place", "slot", "held")), strict=True
    ):
        found[numbers[place].column.name][slot] += held
    return found


def _moments(table: "ir.Table", numbers: Sequence[_Numbers]) -> tuple[int, dict[str, Floats]]:
    """Return the rows and, for numbers, the moments of the finite values; moments in time keep only their bounds."""
    asked: list[ir.Scalar] = [table.count().name("rows")]
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
    told = table.aggregate(asked).to_pyarrow().to_pylist()[0]
    found: dict[str, Floats] = {}
    for place, one in enumerate(numbers):
        line = _none()
        held = int(told[f"n{place}"] or 0)
        if held:
            line[0] = held
            line[1], line[2] = float(told.get(f"sum{place}") or 0), float(told.get(f"squares{place}") or 0)
            line[3], line[4] = _bound(told[f"low{place}"]), _bound(told[f"high{place}"])
        line[5] = float(told.get(f"endless{place}") or 0)
        found[one.column.name] = line
    return int(told["rows"]), found


def _bound(value: float | datetime) -> float:
    if isinstance(value, datetime):
        whole = value if value.tzinfo else value.replace(tzinfo=UTC)
        return float((whole - _EPOCH) // timedelta(microseconds=1))
    return float(value)


def _category_cells(table: "ir.Table", name: str, edges: CategoryEdges) -> tuple[Cells, dict[str, int]]:
    import ibis  # noqa: PLC0415

    told = table.select(value=table[name]).group_by("value").agg(held=ibis._.count()).to_pyarrow()
    # Values are written as text here, by the same rule as in the embedded engine.
    written = counts.texts(told["value"])
    names = written.cast(pa.string()).to_pylist()
    tally: dict[str, int] = {}
    missing = 0
    for value, held in zip(names, told["held"].to_pylist(), strict=True):
        if value is None:
            missing += held
        else:
            tally[value] = tally.get(value, 0) + held
    listed = [tally.pop(value, 0) for value in edges.listed]
    others = sum(tally.pop(value) for value in edges.others if value in tally)
    return np.array([missing, *listed, others, sum(tally.values())], dtype=np.int64), tally


def _text_cells(table: "ir.Table", name: str, edges: TextEdges, rows: int) -> Cells:
    held = int(table.aggregate(held=table[name].count()).to_pyarrow()["held"][0].as_py())
    return np.array([rows - held, held], dtype=np.int64)[: edges.slots]
