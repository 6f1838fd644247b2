"""What an evaluation found: metrics with intervals, curves, speed, and whether predictions repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, cast


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its bootstrap 95 % interval over `n` rows."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | int]:
        """Return the estimate as plain JSON values."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}

    @classmethod
    def from_json(cls, value: Mapping[str, float]) -> Self:
        """Read what `to_json` wrote."""
        return cls(float(value["value"]), float(value["low"]), float(value["high"]), int(value["n"]))


Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""Curve name (`roc`, `pr`, `calibration`, `residuals`, `scatter`) → series name → up to 200 points."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of rows: one row per true class, one column per predicted class, in the order of `labels`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read `{"labels": […], "counts": [[…]]}`."""
        counts = cast("Sequence[Sequence[int]]", value["counts"])
        labels = cast("Sequence[str]", value["labels"])
        return cls(tuple(labels), tuple(tuple(int(n) for n in row) for row in counts))


SUPPLIED = "scores: supplied"
"""The note of an evaluation that ran no model."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A stored evaluation; latencies are milliseconds per row, memory is the peak of the whole process in MiB.

    `predictions_digest` names a Parquet file: `row`, `label`, `prediction` and, for a binary task,
    `probability` of the positive class; for several classes, `probability_<class>` each.
    """

    id: str
    version_id: str
    dataset_id: str
    started_at: datetime
    finished_at: datetime
    rows: int
    metrics: Mapping[str, Estimate]
    threshold: float | None
    confusion: Confusion | None
    curves: Curves
    latency_p50_ms: float
    latency_p95_ms: float
    memory_mb: float
    reproducible: bool
    predictions_digest: str
    notes: tuple[str, ...]

    @property
    def ran(self) -> bool:
        """Whether the model itself was asked; otherwise its scores came with the data, and nothing could be timed."""
        return SUPPLIED not in self.notes
