"""One column of one side, ready to be compared: numbers sorted, categories counted."""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.evidence.monitoring.exact import Ordered
from core.evidence.monitoring.sources import Source

Floats = npt.NDArray[np.float64]

MOST_CATEGORIES = 10_000
"""A column with more distinct texts is free text: only what is missing is compared."""

_NATIVE = {
    pa.float64(): np.float64,
    pa.float32(): np.float32,
    pa.int8(): np.int8,
    pa.int16(): np.int16,
    pa.int32(): np.int32,
    pa.int64(): np.int64,
    pa.uint8(): np.uint8,
    pa.uint16(): np.uint16,
    pa.uint32(): np.uint32,
}


@dataclass(frozen=True, slots=True)
class Sorted:
    """Ascending values without nulls and NaN; infinities stand at the ends. `values` may be a reused buffer."""

    values: Ordered
    rows: int

    @property
    def missing(self) -> int:
        """Nulls and NaN."""
        return self.rows - len(self.values)

    @property
    def finite(self) -> Ordered:
        """The values without infinities."""
        if not len(self.values) or (np.isfinite(self.values[0]) and np.isfinite(self.values[-1])):
            return self.values
        low = np.searchsorted(self.values, -np.inf, "right")
        return self.values[low : np.searchsorted(self.values, np.inf, "left")]


@dataclass(frozen=True, slots=True)
class Tallied:
    """How often each value occurs; None where there are too many to be categories."""

    counts: dict[str, int] | None
    rows: int
    missing: int


_buffers = threading.local()


def sort_column(source: Source, column: str, slot: str, *, common: pa.DataType | None = None) -> Sorted:
    """Decode a column into this thread's buffer `slot` and sort it there (SIMD, without the interpreter's lock).

    Integers and moments of 64 bits stay integers; with `common`, values are cast to that type first.
    """
    stored = _storage(common if common is not None else source.type_of(column))
    whole = np.dtype(_NATIVE.get(stored, np.float64)) == np.int64
    buffer = _buffer(slot, source.rows)
    target: Ordered = buffer.view(np.int64) if whole else buffer
    filled = 0
    for chunk in source.chunks(column):
        cast = _plain(chunk, common)
        values = _present(cast)
        target[filled : filled + len(values)] = values
        filled += len(values)
    held = target[:filled]
    held.sort()
    if not whole and filled and np.isnan(held[-1]):
        held = held[: int(np.searchsorted(held, np.nan, "left"))]
    return Sorted(held, source.rows)


def _buffer(slot: str, rows: int) -> Floats:
    kept: Floats | None = getattr(_buffers, slot, None)
    if kept is None or len(kept) < rows:
        kept = np.empty(rows)
        setattr(_buffers, slot, kept)
    return kept


def _storage(kind: pa.DataType) -> pa.DataType:
    """Return the type in which numbers of this type are sorted."""
    if pa.types.is_dictionary(kind):
        return _storage(kind.value_type)
    if pa.types.is_temporal(kind):
        return pa.int64() if kind.bit_width == 64 else pa.int32()
    return kind if kind in _NATIVE else pa.float64()


def _plain(chunk: pa.Array, common: pa.DataType | None) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.cast(chunk.type.value_type)
    if common is not None and chunk.type != common:
        chunk = chunk.cast(common, safe=False)
    stored = _storage(chunk.type)
    if chunk.type == stored:
        return chunk
    return chunk.view(stored) if pa.types.is_temporal(chunk.type) else chunk.cast(stored, safe=False)


def _present(chunk: pa.Array) -> npt.NDArray[np.generic]:
    """Read the values that are not null."""
    held = validity(chunk)
    values = stored(chunk)
    return values if held is None else np.asarray(values[held])


def stored(chunk: pa.Array) -> npt.NDArray[np.generic]:
    """Read numbers straight from Arrow's buffer, whatever stands where they are null; `to_numpy` would load pandas."""
    dtype = np.dtype(_NATIVE[chunk.type])
    if not len(chunk):
        return np.empty(0, dtype)
    return np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)


def validity(chunk: pa.Array) -> npt.NDArray[np.bool_] | None:
    """Say which values are not null; None where all are present."""
    if not chunk.null_count:
        return None
    bits = np.unpackbits(np.frombuffer(chunk.buffers()[0], np.uint8), bitorder="little")
    return bits[chunk.offset : chunk.offset + len(chunk)].view(np.bool_)


def tally_column(source: Source, column: str, *, limit: int = MOST_CATEGORIES) -> Tallied:
    """Count a column's values as text."""
    found: dict[str, int] = {}
    missing = 0
    counting = True
    for chunk in source.chunks(column):
        missing += chunk.null_count
        if not counting:
            continue
        for value, count in _tally(chunk):
            found[value] = found.get(value, 0) + count
        counting = len(found) <= limit
    if counting:
        missing = source.rows - sum(found.values())
    return Tallied(found if counting else None, source.rows, missing)


def count_missing(source: Source, column: str) -> Tallied:
    """Count a column's nulls; its values are of a type that is not compared."""
    return Tallied(None, source.rows, sum(chunk.null_count for chunk in source.chunks(column)))


def _tally(chunk: pa.Array) -> list[tuple[str, int]]:
    if pa.types.is_null(chunk.type) or not len(chunk):
        return []
    if not pa.types.is_dictionary(chunk.type):
        chunk = (chunk if _is_text(chunk.type) else chunk.cast(pa.string())).dictionary_encode()
    counted = np.bincount(_present(chunk.indices), minlength=len(chunk.dictionary))
    values = chunk.dictionary
    names = values.to_pylist() if _is_text(values.type) else values.cast(pa.string()).to_pylist()
    return [(name, n) for name, n in zip(names, counted.tolist(), strict=True) if n and name is not None]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
