"""Spans of whole hours or days, in UTC, over which counts are summed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from core.i18n import N_


class Grain(StrEnum):
    """How long a window is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


WHOLE_DAYS = (Grain.DAY, Grain.WEEK, Grain.MONTH)
"""The grains over which performance and KPIs are measured: an hour's labels are too few."""

GRAIN_NAMES = {
    Grain.HOUR: N_("Hour"),
    Grain.DAY: N_("Day"),
    Grain.WEEK: N_("Week"),
    Grain.MONTH: N_("Month"),
}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start` to before `end`: days, or for an hour two moments in UTC."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def window_of(at: date, grain: Grain) -> Window:
    """Return the window of a day, or for hours of a moment: weeks begin on Monday (ISO 8601), months on the first."""
    if grain == Grain.HOUR:
        moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
        start = moment.replace(minute=0, second=0, microsecond=0)
        return Window(start, start + timedelta(hours=1))
    day = at.date() if isinstance(at, datetime) else at
    if grain == Grain.DAY:
        return Window(day, day + timedelta(days=1))
    if grain == Grain.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Window(monday, monday + timedelta(days=7))
    first = day.replace(day=1)
    return Window(first, (first + timedelta(days=32)).replace(day=1))


def windows_of(days: Iterable[date], grain: Grain) -> tuple[Window, ...]:
    """Return the windows that hold any of `days`, in order, without those in between that hold none."""
    return tuple(sorted({window_of(day, grain) for day in days}))


def hour_of(day: date, hour: int) -> datetime:
    """Return the moment at which an hour of a day begins."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
