"""Read the log around an alert and look for what brings it about. Reads files: for jobs only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.assets.datasets import queries as datasets
from core.assets.registry.version import Version
from core.evidence.alerts import cause
from core.evidence.alerts.cause import Cause, Codes, Flags
from core.evidence.alerts.judging import Episode
from core.evidence.alerts.rules import OF_METRICS, RuleKind
from core.evidence.explain import queries as explain
from core.evidence.monitoring import counts, distances, partition, significance
from core.evidence.monitoring import layout as columns_of
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.drift import missing_of, stability_bins
from core.evidence.monitoring.edges import CategoryEdges, Edges, NumberEdges
from core.evidence.monitoring.layout import Measured
from core.evidence.monitoring.records import Reference
from core.evidence.monitoring.windows import Window
from core.platform.store import Store

MOST_SEGMENTS = 24
"""Categories beyond this many are not segments that anybody would act on."""
LEAST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a segment: rows, missing share and PSI of a column then and now; NaN where a side is empty."""

    name: str
    rows_before: int
    rows: int
    missing_before: float
    missing: float
    psi: float
    noise: float


def part_from(stored: Mapping[str, Any]) -> Part:
    """Read a part as it was kept; none is NaN."""
    held = {key: math.nan if value is None else value for key, value in stored.items()}
    return Part(
        str(held["name"]), int(held["rows_before"]), int(held["rows"]), float(held["missing_before"]),
        float(held["missing"]), float(held["psi"]), float(held["noise"]),
    )  # fmt: skip


Segments = Mapping[str, tuple[Sequence[str], Codes]]


@dataclass
class Trace:
    """The log of one version, read window by window; the last one is kept."""

    store: Store
    version: Version

    def __post_init__(self) -> None:
        self._window: tuple[Window, pa.Table] | None = None

    @cached_property
    def _reference(self) -> Reference | None:
        with self.store.reading() as view:
            return monitoring.reference(view, self.version.id)

    def causes(self, one: Episode) -> list[Cause]:
        """Return what brings an alert about, at its worst window."""
        held = self._reference
        known = {} if held is None else {found.name: (found, span) for found, span in held.layout.spans()}
        table = self._rows(one.peak) if one.rule.kind not in OF_METRICS and one.subject in known else None
        if held is None or table is None or table.num_rows < LEAST_ROWS:
            return []
        measured, span = known[one.subject]
        if measured.part == columns_of.Part.OUTPUT:
            return self._attributed(held, table)
        if one.subject not in table.column_names:
            return []
        segments = self._segments(held, table, one.subject)
        if one.rule.kind == RuleKind.PSI:
            return self._mixed(held, measured, span, table, segments)
        before = held.cells[span]
        rows = max(int(before.sum()), 1)
        share = float(missing_of(measured.edges, before)) / rows if one.rule.kind == RuleKind.MISSING else 0.0
        hit = _hit(one.rule.kind, measured.edges, table.column(one.subject))
        return cause.of_segments(hit, share, segments)

    def split(self, subject: str, window: Window, segment: str) -> list[Part]:
        """Split one column in one window by the values of another, each beside the same rows of the evaluation."""
        held = self._reference
        known = {} if held is None else {found.name: found for found in held.layout.columns}
        now = self._rows(window)
        if held is None or now is None or subject not in known or segment not in known:
            return []
        by = known[segment].edges
        if not isinstance(by, CategoryEdges):
            return []
        names = list(by.listed[:MOST_SEGMENTS])
        then = self._evaluated([subject, segment])
        edges = known[subject].edges
        sides = [(_codes(t.column(segment), names), _bins(edges, t.column(subject))) for t in (then, now)]
        size = int(max(int(bins.max(initial=0)) for _c, bins in sides)) + 1
        parts = []
        for at, name in enumerate(names):
            before, after = (
                np.bincount(bins[codes == at], minlength=size).astype(np.int64) for codes, bins in sides
            )
            missing = [
                _missing(t.column(subject), codes == at)
                for t, (codes, _b) in zip((then, now), sides, strict=True)
            ]
            psi = float(distances.psi(before, after)) if before.sum() and after.sum() else float("nan")
            noise = float(significance.psi_noise(size, float(after.sum()), float(before.sum())))
            parts.append(Part(name, int(before.sum()), int(after.sum()), missing[0], missing[1], psi, noise))
        return parts

    def _evaluated(self, columns: Sequence[str]) -> pa.Table:
        """Read columns of the evaluation table under the names of the signature, predictions left out."""
        with self.store.reading() as view:
            dataset = datasets.dataset(view, self.version.dataset_id)
        names = dict(zip(self.version.signature.names, self.version.table_columns, strict=True))
        table = pq.read_table(self.store.files.path(dataset.digest), columns=[names[c] for c in columns])
        return table.replace_schema_metadata(None).rename_columns(list(columns))

    def _rows(self, window: Window) -> pa.Table | None:
        """Read the predictions of a window; `start` and `end` are days."""
        if self._window is not None and self._window[0] == window:
            return self._window[1]
        with self.store.reading() as view:
            parts = monitoring.parts(view, self.version.id, BatchKind.PREDICTIONS, [window])
        tables = [partition.read(self.store.files.path(p.digest), [p.row_group]) for p in parts]
        if not tables:
            return None
        table = pa.concat_tables(tables, promote_options="default")
        self._window = (window, table)
        return table

    def _segments(self, held: Reference, table: pa.Table, subject: str) -> Segments:
        found: dict[str, tuple[Sequence[str], Codes]] = {}
        for measured in held.layout.columns:
            edges = measured.edges
            if (
                measured.name == subject
                or measured.part != columns_of.Part.FEATURE
                or measured.name not in table.column_names
            ):
                continue
            if isinstance(edges, CategoryEdges) and 2 <= len(edges.listed) <= MOST_SEGMENTS:
                found[measured.name] = (edges.listed, _codes(table.column(measured.name), edges.listed))
        return found

    def _mixed(
        self, held: Reference, measured: Measured, span: slice, table: pa.Table, segments: Segments
    ) -> list[Cause]:
        """How much of a shift is left when only rows of the same segment are compared with one another.

        Within-segment references are not stored, so the window is given the reference's mix instead: reweighted by
        segment, it shows what would have come had the mix stayed (direct standardisation).
        """
        edges = measured.edges
        codes = _bins(edges, table.column(measured.name))
        before = stability_bins(edges, held.cells[span])
        now = np.bincount(codes, minlength=len(before)).astype(np.float64)
        whole = float(distances.psi(before, now))
        left = {}
        for name, (names, segment) in segments.items():
            _column, at = next((c, s) for c, s in held.layout.spans() if c.name == name)
            then = np.asarray(held.cells[at][1 : 1 + len(names)], dtype=np.float64)
            today = np.bincount(segment[segment >= 0], minlength=len(names)).astype(np.float64)
            if then.sum() <= 0 or (today[then > 0] <= 0).any():
                continue
            weight = np.ones(len(codes))
            known = segment >= 0
            ratio = np.divide(
                then / then.sum(), today / today.sum(), out=np.zeros_like(then), where=today > 0
            )
            weight[known] = ratio[segment[known]]
            left[name] = float(
                distances.psi(before, np.bincount(codes, weights=weight, minlength=len(before)))
            )
        return cause.of_mix(whole, left)

    def _attributed(self, held: Reference, table: pa.Table) -> list[Cause]:
        """How much each feature's shift moves the mean score, by the stored attributions of the evaluation.

        The mean attribution of each of a feature's bins times how much the bin's share grew: what the explanation of
        the window would show if the model treats a value now as it did then.
        """
        with self.store.reading() as view:
            known = explain.explanation(view, self.version.id)
        if known is None:
            return []
        attributions = explain.attributions(self.store.files, known)
        values = explain.inputs(self.store.files, known, attributions.index)
        moved: dict[str, float] = {}
        for measured, span in held.layout.spans():
            name = measured.name
            if measured.part != columns_of.Part.FEATURE or name not in table.column_names:
                continue
            if name not in attributions.columns or name not in values.columns:
                continue
            edges = measured.edges
            before = distances.shares(stability_bins(edges, held.cells[span]))
            explained = _bins(edges, pa.chunked_array([pa.Array.from_pandas(values[name])]))
            phi = attributions[name].to_numpy(dtype=np.float64)
            rows = np.bincount(explained, minlength=len(before)).astype(np.float64)
            mean = np.divide(
                np.bincount(explained, weights=phi, minlength=len(before)), rows,
                out=np.full(len(before), float(phi.mean())), where=rows > 0,
            )  # fmt: skip
            now = np.bincount(_bins(edges, table.column(name)), minlength=len(before)).astype(np.float64)
            moved[name] = float(((now / max(now.sum(), 1.0) - before) * mean).sum())
        return cause.of_attributions(moved)


def _missing(column: pa.ChunkedArray, rows: Flags) -> float:
    absent = np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool)
    return float(absent[rows].mean()) if rows.any() else float("nan")


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> Codes:
    written = counts.texts(column)
    if pa.types.is_dictionary(written.type):
        written = written.cast(pa.string())
    found = pc.index_in(written.cast(pa.string()), value_set=pa.array(list(names), pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def _numbers(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _hit(kind: RuleKind, edges: Edges, column: pa.ChunkedArray) -> Flags:
    if kind == RuleKind.MISSING:
        return np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool)
    if kind == RuleKind.NEW_CATEGORY and isinstance(edges, CategoryEdges):
        codes = _codes(column, (*edges.listed, *edges.others))
        present = ~np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool)
        return np.asarray((codes < 0) & present, dtype=bool)
    if isinstance(edges, NumberEdges) and edges.cuts:
        values = _numbers(column)
        with np.errstate(invalid="ignore"):
            return np.asarray((values <= edges.cuts[0]) | (values > edges.cuts[-1]))
    return np.zeros(len(column), dtype=bool)


def _bins(edges: Edges, column: pa.ChunkedArray) -> Codes:
    """Return the stability bin of each row, as `stability_bins` orders them: missing values last."""
    if isinstance(edges, NumberEdges):
        values = _numbers(column)
        cuts = np.asarray(edges.cuts)[list(edges.deciles)] if edges.cuts else np.empty(0)
        found = np.searchsorted(cuts, values, "left")
        found[np.isnan(values)] = len(cuts) + 1
        return np.asarray(found, dtype=np.int64)
    if isinstance(edges, CategoryEdges):
        listed = _codes(column, edges.listed)
        others = _codes(column, edges.others) >= 0
        missing = np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool)
        found = np.where(listed >= 0, listed, np.where(others, len(edges.listed), len(edges.listed) + 1))
        return np.asarray(np.where(missing, len(edges.listed) + 2, found), dtype=np.int64)
    return np.where(np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool), 1, 0).astype(np.int64)
