"""What would change a decision: changes, and where they lead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One feature's value before and after; a `follows` change is the consequence of another."""

    feature: str
    before: object
    after: object
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes after which the score lies on the other side; `distance` is to the nearest observed row (0–1)."""

    changes: tuple[Change, ...]
    score: float
    cost: float
    distance: float

    @property
    def own(self) -> tuple[Change, ...]:
        """The changes a person would make, without their consequences."""
        return tuple(c for c in self.changes if not c.follows)


@dataclass(frozen=True, slots=True)
class Found:
    """Answer of a search: `tried` candidate rows were scored; `implausible` flips were left out as unlike any seen."""

    counterfactuals: tuple[Counterfactual, ...]
    tried: int
    implausible: int
