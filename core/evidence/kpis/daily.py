"""Sums of a formula by day, and the windows that they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from core.evidence.kpis.formula_plan import Plan, Totals
from core.evidence.monitoring.windows import Grain, Window, window_of


@dataclass(frozen=True, slots=True)
class DaySums:
    """One day of one segment: predictions, those with a label, what the log held then, and the packed sums.

    `place` numbers the window by count that the rows fall into; 0 for calendar windows.
    """

    day: date
    segment: str
    place: int
    rows: int
    labelled: int
    parts: str
    note: str
    body: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Span:
    """A window's rows, those with a label, and the sums over it."""

    window: Window
    rows: int
    labelled: int
    totals: Totals
    note: str


def windows_of_days(
    days: Sequence[DaySums], plan: Plan, grain: Grain, every: int = 0
) -> Mapping[tuple[str, int], Span]:
    """Add days up to windows, by segment and place; a calendar window's place is its first day as an ordinal.

    A note on one day stands for the whole window: a window with one wrong day has no right value.
    """
    found: dict[tuple[str, int], Span] = {}
    terms = len(plan.terms)
    for one in days:
        window = Window(one.day, one.day) if every else window_of(one.day, grain)
        key = (one.segment, one.place if every else window.start.toordinal())
        totals = Totals.unpacked(one.body, terms) if one.body else Totals.none(terms)
        before = found.get(key)
        if before is None:
            found[key] = Span(window, one.rows, one.labelled, totals, one.note)
        else:
            reach = Window(before.window.start, max(before.window.end, window.end))
            found[key] = Span(
                reach,
                before.rows + one.rows,
                before.labelled + one.labelled,
                before.totals + totals,
                before.note or one.note,
            )
    return found
