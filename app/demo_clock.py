"""The clock of the demo's story."""

from datetime import datetime, timedelta

from core.clock import system

TICK = timedelta(milliseconds=20)


class DemoClock:
    """A clock that is turned to a moment and goes on from there, never back and never past the true time."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        self._now = max(self._now, min(self._now + TICK, system()))
        return self._now

    def turn(self, moment: datetime) -> None:
        """Go to `moment`, unless it has passed already."""
        self._now = max(self._now, min(moment, system()))
