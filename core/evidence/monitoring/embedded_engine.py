"""Two files compared exactly on this machine: one column at a time in each thread, no whole table in memory."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import pyarrow as pa

from core.evidence.monitoring.comparison import (
    ColumnComparison,
    compare_categories,
    compare_numbers,
)
from core.evidence.monitoring.samples import count_missing, sort_column, tally_column
from core.evidence.monitoring.sources import Kind, Source, kind_of

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_ORDERED = frozenset({Kind.NUMBER, Kind.MOMENT})


def compare_sources(
    reference: Source, current: Source, *, columns: Sequence[str] | None = None, threads: int | None = None
) -> tuple[ColumnComparison, ...]:
    """Compare the columns that both sides have, in the reference's order."""
    held = set(current.schema.names)
    shared = [name for name in columns or reference.schema.names if name in held]
    # Sorting and decoding release the interpreter's lock; wide categories first would leave one thread alone at the end.
    with ThreadPoolExecutor(threads or cpu_count() or 1) as pool:
        return tuple(pool.map(lambda name: compare_column(reference, current, name), shared))


def compare_column(reference: Source, current: Source, name: str) -> ColumnComparison:
    """Compare one column exactly, by the kind that both sides have; where kinds differ, as text."""
    left, right = reference.type_of(name), current.type_of(name)
    kinds = (kind_of(left), kind_of(right))
    types = (str(left), str(right))
    known = {one for one in kinds if one != Kind.EMPTY}
    if known == {Kind.NUMBER}:
        # A column that is empty on one side is read as the other side's numbers.
        common = None if left == right else pa.float64()
        a = sort_column(reference, name, "reference", common=common)
        return compare_numbers(name, kinds, types, a, sort_column(current, name, "current", common=common))
    if known == {Kind.MOMENT}:
        common = left if left == right else pa.timestamp("us")
        a = sort_column(reference, name, "reference", common=common)
        b = sort_column(current, name, "current", common=common)
        return compare_numbers(name, kinds, types, a, b, unit=_step(common))
    if Kind.OTHER in known:
        return compare_categories(
            name, kinds, types, count_missing(reference, name), count_missing(current, name)
        )
    return compare_categories(name, kinds, types, tally_column(reference, name), tally_column(current, name))


def _step(kind: pa.DataType) -> float:
    """Return how many seconds one step of a moment's integers is."""
    if pa.types.is_date32(kind):
        return 86_400.0
    if pa.types.is_date64(kind):
        return 1e-3
    return _SECONDS[kind.unit]
