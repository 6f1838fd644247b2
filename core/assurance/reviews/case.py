"""What is known of one decision: inputs, score, reasons in words, the smallest change that flips it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One feature that would have to differ: its value before and after, as the model takes them."""

    feature: str
    before: str | float | int | bool | None
    after: str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Case:
    """A decision as it was logged, explained; `usable` is false where the explanation failed its check.

    `positive` says whether the score lies on the positive side of the operating threshold. Reasons are by
    language; so is `told`, which words the changes, or says why there are none.
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
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
            "changes": [[c.feature, c.before, c.after] for c in self.changes],
            "told": {name: list(told) for name, told in self.told.items()},
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
            told={name: tuple(told) for name, told in value["told"].items()},
            corrected=value["corrected"],
        )
