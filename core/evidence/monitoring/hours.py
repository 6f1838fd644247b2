"""A day's counts hour by hour: what is stored, and of which every longer window is the sum."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.evidence.monitoring import counts
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.layout import Layout, Profile, trimmed_by_count

HOURS = 24
_HEAD = struct.Struct("<BI")
_WIDTHS = {1: "<u1", 2: "<u2", 4: "<u4"}


@dataclass(frozen=True, slots=True)
class Hourly:
    """The hours of one day that hold rows, ascending: cells of shape (hours, slots), moments (hours, columns, 6)."""

    hours: tuple[int, ...]
    cells: Cells
    moments: Floats


@dataclass(frozen=True, slots=True)
class DayProfile:
    """One day: its total, and its hours; the total's cells are the hours' sum."""

    total: Profile
    hourly: Hourly


def profile_day(layout: Layout, table: pa.Table, hour: npt.NDArray[np.integer]) -> DayProfile:
    """Count one day's rows; `hour` is each row's hour in UTC, 0 to 23. A column that is lacking counts as missing."""
    held, group = np.unique(np.asarray(hour, dtype=np.int64), return_inverse=True)
    cells: list[Cells] = []
    moments: list[Floats] = []
    novel: dict[str, dict[str, int]] = {}
    for column in layout.columns:
        given = (
            table.column(column.name)
            if column.name in table.column_names
            else pa.chunked_array([pa.nulls(table.num_rows, pa.float64())])
        )
        counted = counts.count_by(given, column.edges, group, len(held))
        cells.append(counted.cells)
        moments.append(counted.moments)
        if counted.novel:
            novel[column.name] = dict(counted.novel)
    shape = (len(held), len(layout.columns), len(counts.MOMENTS))
    hourly = Hourly(
        tuple(held.tolist()),
        np.concatenate(cells, axis=1) if cells else np.zeros((len(held), 0), dtype=np.int64),
        np.stack(moments, axis=1) if moments else np.zeros(shape),
    )
    return DayProfile(total_of(table.num_rows, hourly, trimmed_by_count(novel)), hourly)


def total_of(rows: int, hourly: Hourly, novel: dict[str, dict[str, int]]) -> Profile:
    """Return the sum of a day's hours."""
    total = hourly.moments.sum(0)
    total[..., 3] = hourly.moments[..., 3].min(0, initial=np.inf)
    total[..., 4] = hourly.moments[..., 4].max(0, initial=-np.inf)
    return Profile(rows, hourly.cells.sum(0), total, novel)


def add_days(layout: Layout, left: DayProfile, right: DayProfile) -> DayProfile:
    """Sum two profiles of the same day."""
    return DayProfile(layout.add(left.total, right.total), add_hours(left.hourly, right.hourly))


def add_hours(left: Hourly, right: Hourly) -> Hourly:
    """Sum the hours of the same day."""
    held = sorted({*left.hours, *right.hours})
    cells = np.zeros((len(held), left.cells.shape[1]), dtype=np.int64)
    moments = np.zeros((len(held), *left.moments.shape[1:]))
    moments[..., 3], moments[..., 4] = np.inf, -np.inf
    for side in (left, right):
        at = np.searchsorted(held, side.hours)
        cells[at] += side.cells
        moments[at] = counts.add_moments(moments[at], side.moments)
    return Hourly(tuple(held), cells, moments)


def pack_hours(hourly: Hourly) -> bytes:
    """Write the hours as a bit mask, cells in the fewest bytes that hold them, moments as f64; deflated."""
    top = int(hourly.cells.max(initial=0))
    width = next(w for w in _WIDTHS if top < 1 << (8 * w))
    mask = sum(1 << hour for hour in hourly.hours)
    body = hourly.cells.astype(_WIDTHS[width]).tobytes() + hourly.moments.astype("<f8").tobytes()
    return _HEAD.pack(width, mask) + zlib.compress(body, 1)


def unpack_hours(layout: Layout, stored: bytes) -> Hourly:
    """Read what `pack_hours` wrote; cells come in the type they were stored in."""
    width, mask = _HEAD.unpack_from(stored)
    hours = tuple(hour for hour in range(HOURS) if mask >> hour & 1)
    raw = zlib.decompress(stored[_HEAD.size :])
    size = len(hours) * layout.slots
    cells = np.frombuffer(raw, _WIDTHS[width], size).reshape(len(hours), layout.slots)
    moments = np.frombuffer(raw, "<f8", offset=size * width).reshape(
        len(hours), len(layout.columns), len(counts.MOMENTS)
    )
    return Hourly(hours, cells, moments)
