"""One case: the values that are asked about, and the model's answer with what would change it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.evidence.explain.terms import TOLERANCE, Fallback, Method, Question, Unit
from core.evidence.recourse.counterfactual import Change, Counterfactual
from core.evidence.recourse.limits import Limits

Values = Mapping[str, str | float | int | bool | None]


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """Score and attribution of one row; base + Σ phi = score in `unit`. `decided` is what is held against `threshold`.

    `cases` are the counterfactuals, fewest changes first: empty where none exists within the limits. `tried` rows were
    scored, `implausible` flips were left out.
    """

    values: Values
    phi: Mapping[str, float]
    base: float
    score: float
    method: Method
    question: Question
    unit: Unit
    fallback: Fallback | None
    label: str
    decided: float | None
    threshold: float
    searched: bool
    cases: tuple[Counterfactual, ...]
    tried: int
    implausible: int

    @property
    def holds(self) -> bool:
        """Whether the attribution adds up to the model's own output."""
        gap = abs(self.base + sum(self.phi.values()) - self.score)
        return gap <= TOLERANCE * max(1.0, abs(self.score))

    @property
    def positive(self) -> bool:
        """Whether the model decides for the class."""
        return self.decided is not None and self.decided >= self.threshold

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "CaseAnswer":
        """Read what `to_json` wrote."""
        cases = tuple(
            Counterfactual(
                tuple(Change(**c) for c in one["changes"]), one["score"], one["cost"], one["distance"]
            )
            for one in stored["cases"]
        )
        words = {
            "method": Method(stored["method"]),
            "question": Question(stored["question"]),
            "unit": Unit(stored["unit"]),
            "fallback": Fallback(stored["fallback"]) if stored["fallback"] else None,
        }
        return cls(**{**stored, **words, "cases": cases})


def key(
    artifact_digest: str,
    data_digest: str,
    label: str,
    values: Values,
    limits: Limits,
    threshold: float,
    *,
    search: bool,
) -> str:
    """Name of a case's answer: the same question has the same name."""
    asked = [
        artifact_digest,
        data_digest,
        label,
        dict(sorted(values.items())),
        limits.to_json(),
        threshold,
        search,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
