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
    """Cells in the order of the edges' slots; moments of the finite values; the new categories by count."""

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
    nulls = column.null_count
    if nulls:
        column = column.drop_null()
    values = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    blank = np.isnan(values)
    nans = int(np.count_nonzero(blank))
    return (values[~blank] if nans else values), nulls, nans


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
    if isinstance(edges, NumberEdges):
        return _count_numbers(column, edges)
    if isinstance(edges, CategoryEdges):
        return _count_categories(column, edges)
    missing = column.null_count
    return Counted(np.array([missing, len(column) - missing]), _NO_MOMENTS.copy(), {})


def _count_numbers(column: Column, edges: NumberEdges) -> Counted:
    values, nulls, nans = numbers(column)
    cells = np.bincount(np.searchsorted(edges.cuts, values, "left"), minlength=len(edges.cuts) + 1)
    finite = values[np.isfinite(values)] if len(values) else values
    moments = _NO_MOMENTS.copy()
    if len(finite):
        moments[:5] = len(finite), finite.sum(), np.square(finite).sum(), finite.min(), finite.max()
    moments[5] = len(values) - len(finite)
    return Counted(np.concatenate([[nulls, nans], cells]), moments, {})


def _count_categories(column: Column, edges: CategoryEdges) -> Counted:
    found, missing = tally(column)
    listed = [found.pop(value, 0) for value in edges.listed]
    others = sum(found.pop(value, 0) for value in edges.others if value in found)
    return Counted(np.array([missing, *listed, others, sum(found.values())]), _NO_MOMENTS.copy(), found)


def add_moments(left: Floats, right: Floats) -> Floats:
    """Sum moments along the last axis: counts and sums add, minimum and maximum keep the extreme."""
    total = left + right
    total[..., 3] = np.minimum(left[..., 3], right[..., 3])
    total[..., 4] = np.maximum(left[..., 4], right[..., 4])
    return np.asarray(total)
