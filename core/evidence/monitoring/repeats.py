"""Rows that stand more than once in a table, found without holding the table."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.evidence.monitoring.samples import stored, validity
from core.evidence.monitoring.sources import Source

Codes = npt.NDArray[np.uint64]

_MISSING = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(31)


def repeated_rows(source: Source, order: Sequence[str]) -> int:
    """Return how many rows repeat an earlier one in every column of `order`, the most varied columns first.

    Rows whose value occurs once in a column drop out, so most tables are settled by the first column. Values are
    told apart by 64-bit hashes: two different rows are taken for one with probability n²/2^65.
    """
    rows: npt.NDArray[np.intp] | None = None
    keys = np.zeros(source.rows, dtype=np.uint64)
    for read, column in enumerate(order, 1):
        codes = _codes(source, column)
        keys ^= codes if rows is None else codes[rows]
        keys *= _MIX
        keys ^= keys >> _SHIFT
        if read & (read - 1) and read < len(order):
            continue  # looked at after the 1st, 2nd, 4th, 8th … column
        ordered = np.sort(keys)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if not len(twice):
            return 0
        if read == len(order):
            return len(twice)
        if len(twice) < len(keys) // 2:
            place = np.minimum(np.searchsorted(twice, keys), len(twice) - 1)
            kept = np.flatnonzero(twice[place] == keys)
            rows = kept if rows is None else rows[kept]
            keys = keys[kept]
    return 0


def _codes(source: Source, column: str) -> Codes:
    codes = np.empty(source.rows, dtype=np.uint64)
    filled = 0
    for chunk in source.chunks(column):
        codes[filled : filled + len(chunk)] = _hashed(chunk)
        filled += len(chunk)
    return codes


def _hashed(chunk: pa.Array) -> Codes:
    kind = chunk.type
    if pa.types.is_null(kind):
        return np.full(len(chunk), _MISSING, dtype=np.uint64)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        found = _numbers(chunk)
    else:
        coded = chunk if pa.types.is_dictionary(kind) else _text(chunk).dictionary_encode()
        names = [hash(value) & 0xFFFFFFFFFFFFFFFF for value in coded.dictionary.to_pylist()]
        codes = stored(coded.indices)
        held = validity(coded.indices)
        found = np.array(names or [0], dtype=np.uint64)[codes if held is None else np.where(held, codes, 0)]
        chunk = coded.indices
    held = validity(chunk)
    return found if held is None else np.where(held, found, np.uint64(_MISSING))


def _numbers(chunk: pa.Array) -> Codes:
    if pa.types.is_temporal(chunk.type):
        chunk = chunk.view(pa.int64() if chunk.type.bit_width == 64 else pa.int32())
    if pa.types.is_integer(chunk.type):
        whole = chunk if pa.types.is_signed_integer(chunk.type) else chunk.cast(pa.int64(), safe=False)
        return np.asarray(stored(whole).astype(np.int64).view(np.uint64))
    values = stored(chunk.cast(pa.float64())).astype(np.float64) + 0.0  # makes -0.0 the same as 0.0
    return np.where(np.isnan(values), np.uint64(_MISSING), values.view(np.uint64))


def _text(chunk: pa.Array) -> pa.Array:
    binary = pa.types.is_binary(chunk.type) or pa.types.is_large_binary(chunk.type)
    return chunk if binary or pa.types.is_string(chunk.type) else chunk.cast(pa.string())
