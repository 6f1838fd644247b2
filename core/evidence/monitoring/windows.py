"""Spans of whole days, in UTC, over which counts are summed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.i18n import N_


class Grain(StrEnum):
    """How long a window is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


GRAIN_NAMES = {Grain.DAY: N_("Day"), Grain.WEEK: N_("Week"), Grain.MONTH: N_("Month")}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From the first day to before `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def window_of(day: date, grain: Grain) -> Window:
    """Return the window that holds `day`: weeks begin on Monday (ISO 8601), months on the first."""
    if grain == Grain.DAY:
        return Window(day, day + timedelta(days=1))
    if grain == Grain.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Window(monday, monday + timedelta(days=7))
    first = day.replace(day=1)
    return Window(first, (first + timedelta(days=32)).replace(day=1))


def windows_of(days: Sequence[date], grain: Grain) -> tuple[Window, ...]:
    """Return the windows that hold any of `days`, in order, without those in between that hold none."""
    return tuple(sorted({window_of(day, grain) for day in days}))
