"""A retraining on its way: proposed, consented to by each area, run, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from core.decisions.retraining.policy import Trigger
from core.i18n import N_
from core.platform.access.permissions import Role


class State(StrEnum):
    """How far a retraining has come."""

    PROPOSED = "proposed"
    RUNNING = "running"
    OUTSIDE = "outside"
    CHECKING = "checking"
    DONE = "done"
    DECLINED = "declined"
    FAILED = "failed"


STATE_NAMES: Mapping[State, str] = {
    State.PROPOSED: N_("Waits for consent"),
    State.RUNNING: N_("Being trained"),
    State.OUTSIDE: N_("Being trained outside"),
    State.CHECKING: N_("The challenger is being checked"),
    State.DONE: N_("A challenger stands ready"),
    State.DECLINED: N_("Declined"),
    State.FAILED: N_("Failed"),
}
OPEN = frozenset({State.PROPOSED, State.RUNNING, State.OUTSIDE, State.CHECKING})


class Recipe(StrEnum):
    """How the challenger is made."""

    CLONE = "clone"
    OUTSIDE = "outside"


RECIPE_NAMES: Mapping[Recipe, str] = {
    Recipe.CLONE: N_("Aval trains the approved pipeline anew, in isolation"),
    Recipe.OUTSIDE: N_("Your own pipeline trains, told by a signed webhook"),
}


@dataclass(frozen=True, slots=True)
class Vote:
    """One area's answer."""

    area: Role
    person_id: str
    consents: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of both on the same later rows: challenger minus champion with its 95 % interval, paired."""

    metric: str
    champion: float
    challenger: float
    difference: float
    low: float
    high: float

    @property
    def better(self) -> bool | None:
        """Whether the challenger is better or worse beyond chance; none where nobody can say."""
        return True if self.low > 0 else False if self.high < 0 else None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run showed: rows it was trained and judged on, from which days, and the comparison.

    `worth` is challenger minus champion in money a month under the signed cost matrix; none without one.
    """

    rows: int
    metrics: tuple[Compared, ...]
    worth: Compared | None = None
    currency: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "rows": self.rows,
            "metrics": [_plain(one) for one in self.metrics],
            "worth": None if self.worth is None else _plain(self.worth),
            "currency": self.currency,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        worth = value.get("worth")
        return cls(
            int(value["rows"]),
            tuple(Compared(*one) for one in value["metrics"]),
            None if worth is None else Compared(*worth),
            str(value.get("currency", "")),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a run: `reference` from the champion's table, `logged` with outcomes, the last `kept` to judge on.

    `first` and `last` are the days of the logged rows, `cut` the first day that nobody trained on.
    """

    digest: str
    reference: int
    logged: int
    kept: int
    first: str
    cut: str
    last: str

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Retraining:
    """One request; `champion` and `challenger` are version ids, the latter empty until there is one."""

    id: str
    use_case_id: str
    champion: str
    state: State
    recipe: Recipe
    triggers: tuple[Trigger, ...]
    areas: tuple[Role, ...]
    votes: tuple[Vote, ...]
    proposed_by: str
    proposed_at: datetime
    decided_at: datetime | None
    challenger: str
    snapshot: Snapshot | None
    result: Result | None
    problem: Mapping[str, Any] | None
    ended_at: datetime | None

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def missing(self) -> tuple[Role, ...]:
        """The areas that have not answered, while it waits for them."""
        answered = {vote.area for vote in self.votes}
        return tuple(a for a in self.areas if a not in answered) if self.state is State.PROPOSED else ()


def seat(areas: Sequence[Role], votes: Sequence[Vote], roles: frozenset[str], person_id: str) -> Role | None:
    """Return the free area for which this person may answer; none where they answered already or no seat is theirs.

    One person answers once: who holds several roles does not consent for several areas.
    """
    if any(vote.person_id == person_id for vote in votes):
        return None
    taken = {vote.area for vote in votes}
    return next((area for area in areas if area not in taken and area.value in roles), None)


def after(areas: Sequence[Role], votes: Sequence[Vote], recipe: Recipe) -> State:
    """Return the state after these votes: one that declines ends it, consent of all areas starts the run."""
    if any(not vote.consents for vote in votes):
        return State.DECLINED
    if {vote.area for vote in votes} < set(areas):
        return State.PROPOSED
    return State.RUNNING if recipe is Recipe.CLONE else State.OUTSIDE


def _plain(one: Compared) -> list[Any]:
    return [one.metric, one.champion, one.challenger, one.difference, one.low, one.high]
