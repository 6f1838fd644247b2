"""Count Arrow columns into the reference's cells: integers and a few sums; every statistic follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.evidence.monitoring.edges import CategoryEdges, Edges, NumberEdges

Floats = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]
Column: TypeAlias = "pa.Array | pa.ChunkedArray"

MOMENTS = ("count", "sum", "squares", "minimum", "maximum", "infinite")
_NO_MOMENTS = np.array([0.0, 0.0, 0.0, np.inf, -np.inf, 0.0])


@dataclass(frozen=True, slots=True)
class Counted:
    """Cells in the order of the edges' slots; moments of the finite values; the new categories by count.

    Counted by group, cells and moments have the groups as their first axis.
    """

    cells: Cells
    moments: Floats
    novel: Mapping[str, int]


def is_numeric(kind: pa.DataType) -> bool:
    """Say whether a column of this Arrow type is counted by cuts; booleans are categories."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_temporal(kind)
        or (pa.types.is_dictionary(kind) and is_numeric(kind.value_type))
    )


def numbers(column: Column) -> tuple[Floats, int, int]:
    """Return a column's values as floats without nulls and NaN, the nulls, and the NaN.

    Moments become microseconds since 1970 in UTC. Integers above 2^53 are rounded to the nearest float.
    """
    column = _floats(column)
    nulls = column.null_count
    if nulls:
        column = column.drop_null()
    values = np.asarray(column.to_numpy(), dtype=np.float64)
    blank = np.isnan(values)
    nans = int(np.count_nonzero(blank))
    return (values[~blank] if nans else values), nulls, nans


def _floats(column: Column) -> Column:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
        kind = column.type
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        column = column.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    return column.cast(pa.float64(), safe=False)


def texts(column: Column) -> Column:
    """Return a column as text, written one way: whole floats without a point, booleans as true and false."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        if pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type):
            return column
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(column), None, column)
        whole = pc.all(pc.equal(pc.floor(values), values), min_count=0).as_py()
        column = values.cast(pa.int64()) if whole and _small(values) else values
    return column.cast(pa.string())


def _small(column: Column) -> bool:
    bounds = pc.min_max(column).as_py()
    return bounds["min"] is None or (abs(bounds["min"]) < 2**53 and abs(bounds["max"]) < 2**53)


def tally(column: Column) -> tuple[dict[str, int], int]:
    """Return how often each value occurs, written as text, and the nulls."""
    written = texts(column)
    tallied: dict[str, int] = {}
    for chunk in written.chunks if isinstance(written, pa.ChunkedArray) else [written]:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        found = np.bincount(
            np.asarray(coded.indices.drop_null().to_numpy(), dtype=np.int64), minlength=len(coded.dictionary)
        )
        for value, count in zip(coded.dictionary.to_pylist(), found.tolist(), strict=True):
            if count and value is not None:
                tallied[value] = tallied.get(value, 0) + count
    return tallied, len(column) - sum(tallied.values())


def count(column: Column, edges: Edges) -> Counted:
    """Count a column into the cells of `edges`; its Arrow type must fit them."""
    found = count_by(column, edges, np.zeros(len(column), dtype=np.int64), 1)
    return Counted(found.cells[0], found.moments[0], found.novel)


def count_by(column: Column, edges: Edges, group: Cells, groups: int) -> Counted:
    """Count a column's rows by `group`, 0 to `groups` − 1: cells of shape (groups, slots), moments (groups, 6)."""
    if isinstance(edges, NumberEdges):
        return _count_numbers(column, edges, group, groups)
    if isinstance(edges, CategoryEdges):
        return _count_categories(column, edges, group, groups)
    missing = np.asarray(column.is_null(), dtype=np.int64)
    return Counted(_tabulate(1 - missing, 2, group, groups), _no_moments(groups), {})


def _no_moments(groups: int) -> Floats:
    return np.tile(_NO_MOMENTS, (groups, 1))


def _tabulate(slot: Cells, slots: int, group: Cells, groups: int) -> Cells:
    counted = np.bincount(slot if groups == 1 else group * slots + slot, minlength=groups * slots)
    return np.asarray(counted.reshape(groups, slots), dtype=np.int64)


def _count_numbers(column: Column, edges: NumberEdges, group: Cells, groups: int) -> Counted:
    floats = _floats(column)
    blank = np.zeros((groups, 2), dtype=np.int64)
    held = group
    if floats.null_count:
        gone = np.asarray(floats.is_null(), dtype=bool)
        blank[:, 0] = np.bincount(group[gone], minlength=groups)
        held = group[~gone]
        floats = floats.drop_null()
    values = np.asarray(floats.to_numpy(), dtype=np.float64)
    odd = np.isnan(values)
    if odd.any():
        blank[:, 1] = np.bincount(held[odd], minlength=groups)
        held, values = held[~odd], values[~odd]
    slot = np.searchsorted(edges.cuts, values, "left")
    cells = _tabulate(slot, len(edges.cuts) + 1, held, groups)
    return Counted(np.concatenate([blank, cells], axis=1), _moments(values, held, groups), {})


def _moments(values: Floats, group: Cells, groups: int) -> Floats:
    moments = _no_moments(groups)
    finite = np.isfinite(values)
    if not finite.all():
        moments[:, 5] = np.bincount(group[~finite], minlength=groups)
        values, group = values[finite], group[finite]
    if not len(values):
        return moments
    if groups == 1:
        moments[0, :5] = len(values), values.sum(), np.square(values).sum(), values.min(), values.max()
        return moments
    moments[:, 0] = np.bincount(group, minlength=groups)
    moments[:, 1] = np.bincount(group, values, groups)
    moments[:, 2] = np.bincount(group, np.square(values), groups)
    np.minimum.at(moments[:, 3], group, values)
    np.maximum.at(moments[:, 4], group, values)
    return moments


def _count_categories(column: Column, edges: CategoryEdges, group: Cells, groups: int) -> Counted:
    slots = edges.slots
    places = {value: place for place, value in enumerate(edges.listed, 1)}
    places |= dict.fromkeys(edges.others, slots - 2)
    cells = np.zeros((groups, slots), dtype=np.int64)
    novel: dict[str, int] = {}
    start = 0
    written = texts(column)
    for chunk in written.chunks if isinstance(written, pa.ChunkedArray) else [written]:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        names = coded.dictionary.to_pylist()
        # A dictionary may hold null as a value of its own.
        slot_of = np.array([0 if n is None else places.get(n, slots - 1) for n in names] + [0], np.int64)
        codes = np.asarray(pc.fill_null(coded.indices.cast(pa.int64()), len(names)), dtype=np.int64)
        cells += _tabulate(slot_of[codes], slots, group[start : start + len(chunk)], groups)
        start += len(chunk)
        if (fresh := np.flatnonzero(slot_of[:-1] == slots - 1)).size:
            found = np.bincount(codes, minlength=len(names) + 1)
            for place in fresh.tolist():
                if found[place]:
                    novel[names[place]] = novel.get(names[place], 0) + int(found[place])
    return Counted(cells, _no_moments(groups), novel)


def add_moments(left: Floats, right: Floats) -> Floats:
    """Sum moments along the last axis: counts and sums add, minimum and maximum keep the extreme."""
    total = left + right
    total[..., 3] = np.minimum(left[..., 3], right[..., 3])
    total[..., 4] = np.maximum(left[..., 4], right[..., 4])
    return np.asarray(total)
