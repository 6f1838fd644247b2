"""A sample of two tables as matrices of numbers, the same columns and the same codes on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.evidence.monitoring.samples import MOST_CATEGORIES
from core.evidence.monitoring.sources import Kind, Source, kind_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matrices:
    """Rows × columns of either side. Categories are coded by their share in the reference's sample, unseen ones 0.

    `codes` hold for a category its number instead, for what needs to tell categories apart.
    """

    names: tuple[str, ...]
    ordered: tuple[bool, ...]
    reference: Floats
    current: Floats
    reference_codes: Floats
    current_codes: Floats


def sample(a: Source, b: Source, columns: Sequence[str], *, rows: int) -> Matrices:
    """Take up to `rows` evenly spaced rows of each side; columns of free text and of unlike kinds are left out."""
    kept: list[tuple[str, bool, list[Floats], list[Floats]]] = []
    for name in columns:
        kinds = {kind_of(side.type_of(name)) for side in (a, b)}
        if kinds in ({Kind.NUMBER}, {Kind.MOMENT}):
            sides = [_numbers(side, name, rows) for side in (a, b)]
            kept.append((name, True, sides, sides))
        elif kinds in ({Kind.CATEGORY}, {Kind.BOOLEAN}):
            texts = [_texts(side, name, rows) for side in (a, b)]
            codes = _codes(*texts)
            if codes is not None:
                kept.append((name, False, _shares(*codes), list(codes)))
    if not kept:
        nothing = np.empty((0, 0))
        return Matrices((), (), nothing, nothing, nothing, nothing)
    values = [np.column_stack([one[2][side] for one in kept]) for side in (0, 1)]
    coded = [np.column_stack([one[3][side] for one in kept]) for side in (0, 1)]
    names, ordered = tuple(one[0] for one in kept), tuple(one[1] for one in kept)
    return Matrices(names, ordered, values[0], values[1], coded[0], coded[1])


def _taken(source: Source, name: str, rows: int) -> pa.Array:
    """Take the rows at equal steps, chunk by chunk."""
    wanted = np.unique(np.linspace(0, source.rows - 1, min(rows, source.rows)).astype(np.int64))
    parts = []
    start = 0
    for chunk in source.chunks(name):
        low, high = np.searchsorted(wanted, [start, start + len(chunk)])
        part = chunk.take(pa.array(wanted[low:high] - start))
        parts.append(part.cast(part.type.value_type) if pa.types.is_dictionary(part.type) else part)
        start += len(chunk)
    return pa.concat_arrays(parts)


def _numbers(source: Source, name: str, rows: int) -> Floats:
    taken = _taken(source, name, rows)
    if pa.types.is_temporal(taken.type):
        taken = taken.cast(pa.int64() if taken.type.bit_width == 64 else pa.int32())
    values = np.asarray(taken.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _texts(source: Source, name: str, rows: int) -> list[str | None]:
    taken: list[str | None] = _taken(source, name, rows).cast(pa.string()).to_pylist()
    return taken


def _codes(a: Sequence[str | None], b: Sequence[str | None]) -> tuple[Floats, Floats] | None:
    numbers: dict[str | None, int] = {}
    for value in (*a, *b):
        numbers.setdefault(value, len(numbers))
    if len(numbers) > min(MOST_CATEGORIES, max(len(a) // 4, 2)):
        return None
    left, right = (
        np.array([np.nan if value is None else numbers[value] for value in side], dtype=np.float64)
        for side in (a, b)
    )
    return left, right


def _shares(a: Floats, b: Floats) -> list[Floats]:
    known = a[~np.isnan(a)].astype(np.int64)
    top = int(np.nanmax(np.concatenate([a, b, [0.0]]))) + 1
    share = np.bincount(known, minlength=top) / max(len(a), 1)
    return [np.where(np.isnan(x), np.nan, share[np.nan_to_num(x).astype(np.int64)]) for x in (a, b)]
