"""How long a session lives, and how often a sign-in may be tried: rules only, the clock is handed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ABSOLUTE = timedelta(hours=8)
IDLE = timedelta(minutes=30)
TOUCH = timedelta(minutes=1)
TRIES = 5
WINDOW = timedelta(minutes=15)


class Purpose(StrEnum):
    """What a single-use ticket is good for."""

    UPLOAD = "upload"
    SET_UP = "set_up"
    INVITATION = "invitation"
    SIGNING = "signing"


LIFETIME = {
    Purpose.UPLOAD: timedelta(minutes=10),
    Purpose.SET_UP: timedelta(hours=1),
    Purpose.INVITATION: timedelta(hours=24),
    Purpose.SIGNING: timedelta(minutes=5),
}


@dataclass(frozen=True, slots=True)
class Open:
    """A session as the guard knows it."""

    id: str
    person_id: str
    roles: frozenset[str]
    opened_at: datetime
    seen_at: datetime

    def alive(self, now: datetime) -> bool:
        """Say whether neither the absolute nor the idle limit has passed."""
        return now - self.opened_at < ABSOLUTE and now - self.seen_at < IDLE

    def stale(self, now: datetime) -> bool:
        """Say whether the last touch is long enough ago to be worth a write."""
        return now - self.seen_at >= TOUCH
