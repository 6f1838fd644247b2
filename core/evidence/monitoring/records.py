"""What queries answer: receipts, parts of the log, references, drift over windows, points and health."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core.evidence.monitoring.batches import BatchKind, RefusedRows
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.layout import Layout
from core.evidence.monitoring.performance import Measure
from core.evidence.monitoring.season import Against
from core.evidence.monitoring.windows import Grain, Window


@dataclass(frozen=True, slots=True)
class Batch:
    """One receipt: what arrived, what was taken, what was refused and why."""

    id: str
    version_id: str
    kind: BatchKind
    source_digest: str
    received_at: datetime
    sender_id: str
    rows: int
    accepted: int
    repeated: int
    revised: int
    refused: int
    waiting: int
    first_day: date | None
    last_day: date | None
    reasons: tuple[RefusedRows, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogPart:
    """A day's rows of one batch, as a row group of a file."""

    id: str
    kind: BatchKind
    sequence: int
    day: date
    digest: str
    row_group: int
    rows: int
    profiled: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A version's reference: its cells and their counts."""

    layout: Layout
    rows: int
    cells: Cells
    moments: Floats
    dataset_digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the log of a version holds; days are inclusive, rows count predictions."""

    rows: int
    labelled: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Drift:
    """Windows in order, each column's statistics over them, and the cells they came from (W, slots)."""

    grain: Grain
    reference: Reference
    windows: tuple[Window, ...]
    columns: tuple[ColumnDrift, ...]
    cells: Cells
    novel: tuple[Mapping[str, Mapping[str, int]], ...]
    against: Against = Against.EVALUATION


@dataclass(frozen=True, slots=True)
class Point:
    """One metric in one window, with the window's predictions and the share of them with a label."""

    window: Window
    measure: Measure
    rows: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Estimated:
    """One metric in one window as expected without labels, and what it truly was once labels came."""

    window: Window
    method: str
    expected: Measure
    realized: Measure | None

    @property
    def gap(self) -> float | None:
        """Expected minus realized; none while there are no labels."""
        return None if self.realized is None else self.expected.value - self.realized.value

    @property
    def held(self) -> bool | None:
        """Whether both intervals meet; none while there are no labels, or none that allow an interval."""
        if self.realized is None or math.isnan(self.realized.low):
            return None
        return self.expected.low <= self.realized.high and self.realized.low <= self.expected.high


@dataclass(frozen=True, slots=True)
class Stale:
    """A window to measure over several columns; with `same_rows` only its labels are others than last time."""

    grain: Grain
    window: Window
    rows: int
    labelled: int
    same_rows: bool


@dataclass(frozen=True, slots=True)
class Jointly:
    """One measure over several columns in one window; `where` names the columns in which it was largest."""

    window: Window
    measure: str
    variant: str
    value: float
    before: float | None
    after: float | None
    where: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one version in a word's worth of numbers, for lists."""

    version_id: str
    rows: int
    last: date
