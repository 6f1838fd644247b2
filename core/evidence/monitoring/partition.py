"""The log's files: one Parquet file per batch, one row group per day, so that a day is read by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.evidence.monitoring.batches import HASH
from core.evidence.monitoring.identity import Days

DAY = "aval:day"
"""The column that sorts; a feature may well be called day."""


@dataclass(frozen=True, slots=True)
class Written:
    """One row group: whose day it holds, and how many rows."""

    day: date
    group: int
    rows: int


def days_of(moments: pa.ChunkedArray) -> Days:
    """Return the UTC day of each moment."""
    return np.asarray(moments.cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]"))


def hours_of(moments: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return the hour of each moment in UTC, 0 to 23."""
    return np.asarray(
        moments.cast(pa.timestamp("us")).to_numpy().astype("datetime64[h]").astype(np.int64) % 24
    )


def write(table: pa.Table, days: Days) -> tuple[bytes, tuple[Written, ...]]:
    """Write rows grouped by day, within a day by hash; `days` has one entry per row."""
    keyed = table.append_column(DAY, pa.array(days.astype("datetime64[D]")))
    ordered = keyed.take(pc.sort_indices(keyed, sort_keys=[(DAY, "ascending"), (HASH, "ascending")]))
    held, starts, counts = np.unique(
        ordered.column(DAY).to_numpy().astype("datetime64[D]"), return_index=True, return_counts=True
    )
    ordered = ordered.drop_columns([DAY])
    buffer = BytesIO()
    parts: list[Written] = []
    with pq.ParquetWriter(
        buffer, ordered.schema, compression="zstd", use_dictionary=_repeating(ordered)
    ) as file:
        for day, start, count in zip(held, starts.tolist(), counts.tolist(), strict=True):
            piece = ordered.slice(start, count).combine_chunks()
            parts.append(Written(_date(day), len(parts), count))
            file.write_table(piece, row_group_size=count)
    return buffer.getvalue(), tuple(parts)


def _repeating(table: pa.Table) -> list[str]:
    return [f.name for f in table.schema if pa.types.is_string(f.type) and not f.name.startswith("aval:id")]


def _date(day: np.datetime64) -> date:
    return datetime.fromtimestamp(int(day.astype("datetime64[s]").astype(np.int64)), UTC).date()


def read(path: Path, groups: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
    """Read row groups of one file; `columns` it lacks are left out."""
    with pq.ParquetFile(path, memory_map=True) as file:
        held = file.schema_arrow.names
        wanted = None if columns is None else [name for name in columns if name in held]
        return file.read_row_groups(list(groups), wanted, use_threads=False)
