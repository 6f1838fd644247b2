"""What an affected person may ask for, under which law, and where the request stands."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class Kind(StrEnum):
    """What is asked for."""

    EXPLANATION = "explanation"
    REVIEW = "review"
    ACCESS = "access"
    CORRECTION = "correction"
    ERASURE = "erasure"


KIND_NAMES: Mapping[Kind, str] = {
    Kind.EXPLANATION: N_("Explanation of a decision"),
    Kind.REVIEW: N_("Review of a decision"),
    Kind.ACCESS: N_("Access to data"),
    Kind.CORRECTION: N_("Correction of data"),
    Kind.ERASURE: N_("Erasure"),
}
OF_A_DECISION = frozenset({Kind.EXPLANATION, Kind.REVIEW, Kind.CORRECTION})
"""The requests that speak of one logged decision."""


class State(StrEnum):
    """Where a request stands; nothing leads back from an answer."""

    OPEN = "open"
    DECIDED = "decided"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


STATE_NAMES: Mapping[State, str] = {
    State.OPEN: N_("Open"),
    State.DECIDED: N_("Decided, letter to write"),
    State.ANSWERED: N_("Answered"),
    State.WITHDRAWN: N_("Withdrawn"),
}


class Outcome(StrEnum):
    """What the reviewer decided about the decision, or about the request where there is none."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    GRANTED = "granted"
    DECLINED = "declined"


OUTCOME_NAMES: Mapping[Outcome, str] = {
    Outcome.UPHELD: N_("The decision stands"),
    Outcome.OVERTURNED: N_("The decision is overturned"),
    Outcome.GRANTED: N_("The request is granted"),
    Outcome.DECLINED: N_("The request is declined"),
}


def outcomes(kind: Kind) -> tuple[Outcome, ...]:
    """Return what may be decided on a request of this kind."""
    if kind in OF_A_DECISION:
        return Outcome.UPHELD, Outcome.OVERTURNED
    return Outcome.GRANTED, Outcome.DECLINED
