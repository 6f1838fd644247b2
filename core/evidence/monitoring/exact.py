"""Exact distances of two sorted samples, and of two Parquet files one column at a time.

The embedded engine: each column is decoded into a reused buffer of its thread and sorted (numpy's SIMD sort,
which releases the interpreter's lock); no full table is ever in memory.
"""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.evidence.monitoring import counts, distances
from core.evidence.monitoring.edges import number_edges
from core.evidence.monitoring.significance import chi_square_tail, kolmogorov_tail

Floats = npt.NDArray[np.float64]

_GRID = 4096
_CHUNK = 65_536


def kolmogorov_smirnov(a: Floats, b: Floats, grid: int = _GRID) -> float:
    """Exact two-sample distance of sorted samples without NaN; NaN when one is empty.

    Bounds |Fa − Fb| in each cell of a quantile grid and walks only the cells that can still hold the maximum.
    """
    n, m = len(a), len(b)
    if not n or not m:
        return float("nan")
    if n + m < 8 * grid:
        points = np.concatenate([a, b])
        return float(_gap(a, b, points).max())
    cuts = np.unique(np.concatenate([a[:: max(1, n // grid)], b[:: max(1, m // grid)], a[-1:], b[-1:]]))
    ia = np.searchsorted(a, cuts, "right")
    ib = np.searchsorted(b, cuts, "right")
    fa, fb = ia / n, ib / m
    best = float(np.abs(fa - fb).max())
    reach = np.maximum(fa[1:] - fb[:-1], fb[1:] - fa[:-1])
    hopeful = np.flatnonzero(reach > best)
    for cell in hopeful[np.argsort(-reach[hopeful])]:
        if reach[cell] <= best:
            break
        x = a[ia[cell] : ia[cell + 1]]
        y = b[ib[cell] : ib[cell + 1]]
        for points in (x, y):
            if len(points):
                here = (ia[cell] + np.searchsorted(x, points, "right")) / n
                there = (ib[cell] + np.searchsorted(y, points, "right")) / m
                best = max(best, float(np.abs(here - there).max()))
    return best


def _gap(a: Floats, b: Floats, points: Floats) -> Floats:
    here = np.searchsorted(a, points, "right") / len(a)
    return np.asarray(np.abs(here - np.searchsorted(b, points, "right") / len(b)))


def wasserstein(a: Floats, b: Floats, chunk: int = _CHUNK) -> float:
    """Exact first Wasserstein distance of sorted finite samples, in pieces that fit the cache.

    ∫|Qa − Qb|: the merged grid of i/n and j/m is arithmetic, so the samples are never merged.
    """
    if not len(a) or not len(b):
        return float("nan")
    if len(a) > len(b):
        a, b = b, a
    n, m = len(a), len(b)
    total = 0.0
    for start in range(0, n, chunk):
        stop = min(start + chunk, n)
        spans = np.arange(start, stop + 1, dtype=np.int64) * m
        first = spans // n
        rest = (spans - first * n) / n
        x = a[start:stop]
        total += np.abs(np.repeat(x, np.diff(first)) - b[first[0] : first[-1]]).sum()
        shared = first[1:-1]
        total += (rest[1:-1] * (np.abs(x[:-1] - b[shared]) - np.abs(x[1:] - b[shared]))).sum()
        if stop < n:
            edge = b[first[-1]]
            total += rest[-1] * (abs(x[-1] - edge) - abs(a[stop] - edge))
    return float(total / m)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column's exact comparison; `variants` names how each number was computed."""

    column: str
    numeric: bool
    rows: tuple[int, int]
    missing: tuple[float, float]
    psi: float
    js: float
    ks: float | None
    wasserstein: float | None
    p_value: float
    new_categories: tuple[str, ...]
    out_of_range: float
    constant: bool
    variants: Mapping[str, str]


def compare_files(reference: Path, current: Path, threads: int | None = None) -> dict[str, ColumnDrift]:
    """Compare the columns that two Parquet files share."""
    left, right = pq.read_schema(reference), pq.read_schema(current)
    shared = [name for name in left.names if name in right.names]
    with ThreadPoolExecutor(threads or cpu_count()) as pool:
        return dict(pool.map(lambda name: (name, compare_column(reference, current, name)), shared))


def compare_column(reference: Path, current: Path, column: str) -> ColumnDrift:
    """Compare one column of two Parquet files exactly."""
    if counts.is_numeric(pq.read_schema(reference).field(column).type):
        return _numbers(column, _sorted(reference, column, "reference"), _sorted(current, column, "current"))
    return _categories(column, _tally(reference, column), _tally(current, column))


@dataclass(frozen=True, slots=True)
class _Sorted:
    values: Floats
    rows: int


_buffers = threading.local()


def _sorted(path: Path, column: str, slot: str) -> _Sorted:
    file = pq.ParquetFile(path, memory_map=True)
    rows = file.metadata.num_rows
    buffer: Floats | None = getattr(_buffers, slot, None)
    if buffer is None or len(buffer) < rows:
        buffer = np.empty(rows)
        setattr(_buffers, slot, buffer)
    filled = 0
    for chunk in _chunks(file, column):
        values, _, _ = counts.numbers(chunk)
        buffer[filled : filled + len(values)] = values
        filled += len(values)
    view = buffer[:filled]
    view.sort()
    return _Sorted(view, rows)


def _chunks(file: pq.ParquetFile, column: str) -> Iterator[pa.Array]:
    for group in range(file.metadata.num_row_groups):
        yield from file.read_row_group(group, [column], use_threads=False).column(0).chunks


def _numbers(column: str, a: _Sorted, b: _Sorted) -> ColumnDrift:
    edges = number_edges(a.values)
    deciles = np.asarray(edges.cuts)[list(edges.deciles)]
    p = _binned(a, deciles)
    q = _binned(b, deciles)
    ks = kolmogorov_smirnov(a.values, b.values)
    finite = [x.values[np.isfinite(x.values)] for x in (a, b)]
    outside = 0
    if len(a.values) and len(b.values):
        inside = np.searchsorted(b.values, [a.values[0], a.values[-1]], "left")
        outside = int(inside[0] + len(b.values) - np.searchsorted(b.values, a.values[-1], "right"))
    return ColumnDrift(
        column=column,
        numeric=True,
        rows=(a.rows, b.rows),
        missing=(_missing(a), _missing(b)),
        psi=float(distances.psi(p, q)),
        js=float(distances.jensen_shannon(p, q)),
        ks=ks,
        wasserstein=wasserstein(finite[0], finite[1]),
        p_value=kolmogorov_tail(ks, len(a.values), len(b.values)),
        new_categories=(),
        out_of_range=outside / b.rows if b.rows else float("nan"),
        constant=bool(len(b.values)) and bool(b.values[0] == b.values[-1]),
        variants={key: distances.VARIANTS[key] for key in ("psi", "js", "ks_exact", "p_ks", "wasserstein")},
    )


def _missing(side: _Sorted) -> float:
    return 1 - len(side.values) / side.rows if side.rows else float("nan")


def _binned(side: _Sorted, cuts: Floats) -> npt.NDArray[np.int64]:
    reached = np.searchsorted(side.values, cuts, "right")
    cells = np.diff(reached, prepend=0, append=len(side.values))
    return np.append(cells, side.rows - len(side.values))


def _tally(path: Path, column: str) -> tuple[dict[str, int], int]:
    file = pq.ParquetFile(path, memory_map=True, read_dictionary=[column])
    tally: dict[str, int] = {}
    missing = 0
    for chunk in _chunks(file, column):
        found, nulls = counts.tally(chunk)
        missing += nulls
        for value, count in found.items():
            tally[value] = tally.get(value, 0) + count
    return tally, missing


def _categories(column: str, a: tuple[dict[str, int], int], b: tuple[dict[str, int], int]) -> ColumnDrift:
    keys = sorted(a[0].keys() | b[0].keys())
    p = np.array([a[0].get(key, 0) for key in keys] + [a[1]])
    q = np.array([b[0].get(key, 0) for key in keys] + [b[1]])
    statistic, freedom = distances.chi_square(p[:-1], q[:-1])
    rows = (int(p.sum()), int(q.sum()))
    return ColumnDrift(
        column=column,
        numeric=False,
        rows=rows,
        missing=tuple(side[1] / n if n else float("nan") for side, n in zip((a, b), rows, strict=True)),  # type: ignore[arg-type]
        psi=float(distances.psi(p, q)),
        js=float(distances.jensen_shannon(p, q)),
        ks=None,
        wasserstein=None,
        p_value=chi_square_tail(float(statistic), int(freedom)),
        new_categories=tuple(key for key in keys if key not in a[0]),
        out_of_range=0.0,
        constant=len(b[0]) == 1,
        variants={key: distances.VARIANTS[key] for key in ("psi", "js", "p_chi2")},
    )
