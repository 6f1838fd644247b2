"""The robustness of a version: one line per shake, as it is stored and shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.evidence.robustness.effect import Figure
from core.evidence.robustness.shaking import Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One shake: the drop of the metric and the share of decisions that changed; or why the model would not answer."""

    kind: Kind
    level: float
    standard: bool
    drop: Figure | None
    changed: Figure | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Every shake over `rows` rows, against the `metric` of the rows as they are."""

    metric: str
    clean: float
    rows: int
    lines: tuple[Line, ...]

    def standard(self, kind: str) -> Line | None:
        """The line that the gates look at for one kind."""
        return next((one for one in self.lines if one.kind == kind and one.standard), None)


def to_json(report: Report) -> dict[str, Any]:
    """Write a report as plain JSON values."""
    return {**asdict(report), "lines": [{**asdict(one), "kind": one.kind.value} for one in report.lines]}


def from_json(stored: Mapping[str, Any]) -> Report:
    """Read what `to_json` wrote."""
    return Report(
        str(stored["metric"]),
        float(stored["clean"]),
        int(stored["rows"]),
        tuple(
            Line(
                Kind(one["kind"]),
                float(one["level"]),
                bool(one["standard"]),
                None if one["drop"] is None else Figure(**one["drop"]),
                None if one["changed"] is None else Figure(**one["changed"]),
                str(one["refusal"]),
            )
            for one in stored["lines"]
        ),
    )
