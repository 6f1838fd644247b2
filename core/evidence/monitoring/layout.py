"""One reference, packed: which columns are counted, where each one's cells lie, and the reference's own counts."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.evidence.monitoring import counts
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.edges import (
    CategoryEdges,
    Edges,
    NumberEdges,
    TextEdges,
    category_edges,
    number_edges,
)


class Part(StrEnum):
    """What a column is to the model."""

    FEATURE = "feature"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Measured:
    """One column that is counted."""

    name: str
    part: Part
    edges: Edges


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of one span: cells of all columns end to end, moments per column, new categories by column."""

    rows: int
    cells: Cells
    moments: Floats
    novel: Mapping[str, Mapping[str, int]]


NOVEL_KEPT = 20


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns in order; `span(i)` are the cells of the i-th."""

    columns: tuple[Measured, ...]

    @property
    def slots(self) -> int:
        return sum(column.edges.slots for column in self.columns)

    def spans(self) -> Iterator[tuple[Measured, slice]]:
        """Yield each column with its slice of the cells."""
        start = 0
        for column in self.columns:
            yield column, slice(start, start + column.edges.slots)
            start += column.edges.slots

    def profile(self, table: pa.Table) -> Profile:
        """Count a table; a column it lacks counts as missing in every row."""
        cells: list[Cells] = []
        moments: list[Floats] = []
        novel: dict[str, Mapping[str, int]] = {}
        for column in self.columns:
            given = (
                table.column(column.name)
                if column.name in table.column_names
                else pa.chunked_array([pa.nulls(table.num_rows, pa.float64())])
            )
            counted = counts.count(given, column.edges)
            cells.append(counted.cells)
            moments.append(counted.moments)
            if counted.novel:
                novel[column.name] = counted.novel
        if not cells:
            return self.empty()
        return Profile(table.num_rows, np.concatenate(cells), np.stack(moments), trimmed_by_count(novel))

    def empty(self) -> Profile:
        """Return a profile of no rows."""
        moments = np.tile(np.array([0.0, 0.0, 0.0, np.inf, -np.inf, 0.0]), (len(self.columns), 1))
        return Profile(0, np.zeros(self.slots, dtype=np.int64), moments, {})

    def add(self, left: Profile, right: Profile) -> Profile:
        """Sum two profiles: exact, in any order."""
        novel: dict[str, dict[str, int]] = {name: dict(found) for name, found in left.novel.items()}
        for name, found in right.novel.items():
            kept = novel.setdefault(name, {})
            for value, count in found.items():
                kept[value] = kept.get(value, 0) + count
        return Profile(
            left.rows + right.rows,
            left.cells + right.cells,
            counts.add_moments(left.moments, right.moments),
            trimmed_by_count(novel),
        )

    def pack(self, profile: Profile) -> bytes:
        """Write cells as u32 and moments as f64, little-endian, deflated."""
        cells = profile.cells.astype("<u4").tobytes()
        return zlib.compress(cells + profile.moments.astype("<f8").tobytes(), 1)

    def unpack(self, body: bytes) -> tuple[Cells, Floats]:
        """Read what `pack` wrote: cells of shape (slots,), moments of shape (columns, 6)."""
        raw = zlib.decompress(body)
        cells = np.frombuffer(raw, "<u4", self.slots).astype(np.int64)
        moments = np.frombuffer(raw, "<f8", offset=self.slots * 4).reshape(
            len(self.columns), len(counts.MOMENTS)
        )
        return cells, moments


def trimmed_by_count(novel: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {
        name: dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:NOVEL_KEPT])
        for name, found in novel.items()
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column to measure and how the signature describes it: number, integer, category, text, boolean, datetime."""

    name: str
    kind: str
    part: Part = Part.FEATURE


def layout_of(table: pa.Table, wanted: Sequence[Wanted]) -> Layout:
    """Cut each wanted column of a reference table."""
    return Layout(
        tuple(Measured(one.name, one.part, _edges(table.column(one.name), one.kind)) for one in wanted)
    )


def _edges(column: pa.ChunkedArray, kind: str) -> Edges:
    if kind == "text":
        return TextEdges(distinct=0)
    if kind in ("category", "boolean") or not counts.is_numeric(column.type):
        found, _ = counts.tally(column)
        return category_edges(list(found), list(found.values()))
    values, _, _ = counts.numbers(column)
    return number_edges(values, temporal=kind == "datetime")


Stored = Mapping[str, object]


def to_json(layout: Layout) -> list[dict[str, object]]:
    """Write a layout as JSON values; floats keep every digit."""
    return [{"name": c.name, "part": c.part.value, **_edges_json(c.edges)} for c in layout.columns]


def _edges_json(edges: Edges) -> dict[str, object]:
    if isinstance(edges, NumberEdges):
        return {
            "kind": "number",
            "cuts": list(edges.cuts),
            "deciles": list(edges.deciles),
            "display": list(edges.display),
            "discrete": edges.discrete,
            "temporal": edges.temporal,
        }
    if isinstance(edges, CategoryEdges):
        return {"kind": "category", "listed": list(edges.listed), "others": list(edges.others)}
    return {"kind": "text", "distinct": edges.distinct}


def from_json(stored: Sequence[Mapping[str, npt.ArrayLike]]) -> Layout:
    """Read what `to_json` wrote."""
    return Layout(tuple(Measured(str(c["name"]), Part(str(c["part"])), _edges_from(c)) for c in stored))


def _edges_from(stored: Mapping[str, npt.ArrayLike]) -> Edges:
    if stored["kind"] == "number":
        return NumberEdges(
            cuts=tuple(np.asarray(stored["cuts"], dtype=float).tolist()),
            deciles=tuple(np.asarray(stored["deciles"], dtype=int).tolist()),
            display=tuple(np.asarray(stored["display"], dtype=int).tolist()),
            discrete=bool(stored["discrete"]),
            temporal=bool(stored["temporal"]),
        )
    if stored["kind"] == "category":
        listed, others = (tuple(np.asarray(stored[key], dtype=str).tolist()) for key in ("listed", "others"))
        return CategoryEdges(listed, others)
    return TextEdges(int(np.asarray(stored["distinct"])))
