"""What is known of one decision: inputs, score, reasons in words, the smallest change that flips it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One feature that would have to differ: its value before and after, as people read them."""

    feature: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Case:
    """A decision as it was logged, explained; `usable` is false where the explanation failed its check.

    `positive` says whether the score lies on the positive side of the operating threshold. Reasons and changes are by
    language; `no_change` says why there is none, a catalogue key.
    """

    version_id: str
    prediction_id: str
    moment: datetime | None
    inputs: Mapping[str, Any]
    score: float | None
    threshold: float | None
    positive: bool | None
    usable: bool
    max_error: float | None
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    no_change: str = ""
    corrected: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the case as plain JSON values."""
        return {
            "version_id": self.version_id,
            "prediction_id": self.prediction_id,
            "moment": self.moment.isoformat() if self.moment else None,
            "inputs": dict(self.inputs),
            "score": self.score,
            "threshold": self.threshold,
            "positive": self.positive,
            "usable": self.usable,
            "max_error": self.max_error,
            "reasons": {name: list(told) for name, told in self.reasons.items()},
            "changes": [[c.feature, c.label, c.before, c.after] for c in self.changes],
            "no_change": self.no_change,
            "corrected": dict(self.corrected),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Case":
        """Read what `to_json` wrote."""
        return cls(
            version_id=value["version_id"],
            prediction_id=value["prediction_id"],
            moment=datetime.fromisoformat(value["moment"]) if value["moment"] else None,
            inputs=value["inputs"],
            score=value["score"],
            threshold=value["threshold"],
            positive=value["positive"],
            usable=bool(value["usable"]),
            max_error=value["max_error"],
            reasons={name: tuple(told) for name, told in value["reasons"].items()},
            changes=tuple(Change(*one) for one in value["changes"]),
            no_change=value["no_change"],
            corrected=value["corrected"],
        )
