"""A request that waits too long: a reminder, then an escalation, then its end. Never an approval."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Nudge(StrEnum):
    """What the clock does to an open request."""

    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Patience:
    """Days from the beginning of a round: reminder, due (then it escalates), end."""

    remind_days: int
    due_days: int
    cancel_days: int


def next_nudge(
    opened_at: datetime,
    patience: Patience,
    *,
    reminded: bool,
    escalated: bool,
    now: datetime,
) -> Nudge | None:
    """Return what is owed by `now`; the gravest, so that a sweep after a long stop does not nag in sequence."""
    waited = now - opened_at
    if waited >= timedelta(days=patience.cancel_days):
        return Nudge.EXPIRE
    if waited >= timedelta(days=patience.due_days):
        return None if escalated else Nudge.ESCALATE
    if waited >= timedelta(days=patience.remind_days):
        return None if reminded or escalated else Nudge.REMIND
    return None
