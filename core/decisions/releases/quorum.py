"""How many signatures of which areas a decision needs, and what the given ones amount to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.i18n import N_


class Meaning(StrEnum):
    """What a signature says (21 CFR 11.50: the meaning stands beside name and time)."""

    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    REVIEWED = "reviewed"


APPROVING = frozenset({Meaning.APPROVE, Meaning.APPROVE_WITH_CONDITIONS})
"""The meanings that take a seat of the quorum; "reviewed" says that it was read, and decides nothing."""

MEANING_NAMES: Mapping[Meaning, str] = {
    Meaning.APPROVE: N_("Approve"),
    Meaning.APPROVE_WITH_CONDITIONS: N_("Approve with conditions"),
    Meaning.REQUEST_CHANGES: N_("Request changes"),
    Meaning.REJECT: N_("Reject"),
    Meaning.REVIEWED: N_("Only reviewed"),
}


MEANING_DONE: Mapping[Meaning, str] = {
    Meaning.APPROVE: N_("Approved"),
    Meaning.APPROVE_WITH_CONDITIONS: N_("Approved with conditions"),
    Meaning.REVIEWED: N_("Reviewed"),
    Meaning.REQUEST_CHANGES: N_("Requested changes"),
    Meaning.REJECT: N_("Rejected"),
}
"""What was said, once it is signed."""


class Outcome(StrEnum):
    """What the votes of one round amount to."""

    PENDING = "pending"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`count` signatures, each of any of `areas`."""

    areas: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's signature in one round, for one area."""

    person_id: str
    area: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Seat:
    """One signature that the quorum asks for, and who gave it."""

    areas: tuple[str, ...]
    person_id: str | None


def seats(requirements: Sequence[Requirement], votes: Sequence[Vote]) -> tuple[Seat, ...]:
    """Seat each approval at one place of the quorum, as many as possible (maximum bipartite matching).

    A person is counted once, however many votes carry their name.
    """
    places = [areas for r in requirements for areas in [r.areas] * r.count]
    approvals = list({v.person_id: v for v in votes if v.meaning in APPROVING}.values())
    taken: dict[int, int] = {}

    def place(vote: int, tried: set[int]) -> bool:
        for index, areas in enumerate(places):
            if approvals[vote].area not in areas or index in tried:
                continue
            tried.add(index)
            if index not in taken or place(taken[index], tried):
                taken[index] = vote
                return True
        return False

    for vote in range(len(approvals)):
        place(vote, set())
    return tuple(
        Seat(areas, approvals[taken[i]].person_id if i in taken else None) for i, areas in enumerate(places)
    )


def outcome(requirements: Sequence[Requirement], votes: Sequence[Vote], different_areas: int) -> Outcome:
    """Say what the votes of a round decide.

    One rejection rejects and one request for changes sends it back: a disagreement is never outvoted.
    Approved means that every seat is taken, by different people, from at least `different_areas` areas.
    """
    meanings = {v.meaning for v in votes}
    if Meaning.REJECT in meanings:
        return Outcome.REJECTED
    if Meaning.REQUEST_CHANGES in meanings:
        return Outcome.CHANGES_REQUESTED
    filled = seats(requirements, votes)
    signed = {v.area for v in votes if v.meaning in APPROVING}
    if filled and all(seat.person_id for seat in filled) and len(signed) >= different_areas:
        return Outcome.APPROVED
    return Outcome.PENDING
