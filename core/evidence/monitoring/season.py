"""Which earlier spans a window is compared with, so that the time of year, of week and of day is no drift."""

from datetime import date, timedelta
from enum import StrEnum

from core.evidence.monitoring.windows import Grain, Window, window_of
from core.i18n import N_

YEARS = 3
YEAR = timedelta(days=364)
"""52 weeks: the same day of the week."""
WEEK = timedelta(days=7)
AROUND = 3
RECENT = 8
FEWEST = 2


class Against(StrEnum):
    """What windows are compared with."""

    EVALUATION = "evaluation"
    SEASON = "season"
    PREVIOUS = "previous"


AGAINST_NAMES = {
    Against.EVALUATION: N_("Evaluation data"),
    Against.SEASON: N_("Same season"),
    Against.PREVIOUS: N_("Window before"),
}


def same_season(window: Window, grain: Grain) -> tuple[Window, ...]:
    """Return the spans of earlier years that are in the same season, each as long as the window.

    A month: it and its neighbours. A week: those up to three weeks around. A day or an hour: the same day of the
    week, and hour, up to three weeks around.
    """
    if grain == Grain.MONTH:
        return tuple(
            window_of(_month(window.start, -12 * year + step), grain)
            for year in range(1, YEARS + 1)
            for step in (-1, 0, 1)
        )
    return tuple(
        window_of(window.start - year * YEAR + step * WEEK, grain)
        for year in range(1, YEARS + 1)
        for step in range(-AROUND, AROUND + 1)
    )


def recent_weeks(window: Window, grain: Grain) -> tuple[Window, ...]:
    """Return what stands in for a year that is not known yet: the eight weeks before, at the same time of week.

    Months have none: eight months are not one season.
    """
    if grain == Grain.MONTH:
        return ()
    return tuple(window_of(window.start - step * WEEK, grain) for step in range(1, RECENT + 1))


def earliest(window: Window) -> date:
    """Return the first moment that any of these spans may begin with."""
    return window.start - YEARS * timedelta(days=366) - timedelta(days=62)


def _month(day: date, step: int) -> date:
    months = day.year * 12 + day.month - 1 + step
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)
