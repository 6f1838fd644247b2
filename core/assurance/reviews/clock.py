"""Legal clocks: until when a request is answered, from dated data; a month ends on the same day, or the last of it."""

import calendar
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from core.assurance.reviews.request import Kind
from core.errors import Invalid
from core.i18n import N_

FILE = Path(__file__).parents[3] / "data" / "reviews" / "clocks.toml"


@dataclass(frozen=True, slots=True)
class Clock:
    """How long an answer may take; `by_law` is false where the law names no period and the house sets one."""

    law: str
    article: str
    kinds: tuple[Kind, ...]
    days: int = 0
    months: int = 0
    by_law: bool = True

    def due(self, received: datetime) -> datetime:
        """Return the last moment: days after, or the same day of a later month (Regulation 1182/71, article 3)."""
        if self.months:
            return received + (_months_later(received.date(), self.months) - received.date())
        return received + timedelta(days=self.days)


def read_clocks(found: Sequence[Mapping[str, Any]]) -> tuple[Clock, ...]:
    """Read clocks from their TOML tables."""
    return tuple(
        Clock(
            law=str(one["law"]),
            article=str(one["article"]),
            kinds=tuple(Kind(kind) for kind in one["kinds"]),
            days=int(one.get("days", 0)),
            months=int(one.get("months", 0)),
            by_law=bool(one.get("by_law", True)),
        )
        for one in found
    )


@cache
def clocks() -> tuple[Clock, ...]:
    """Return the clocks in force, from `data/reviews/clocks.toml`."""
    return read_clocks(tomllib.loads(FILE.read_text("utf-8"))["clock"])


def clock_for(law: str, kind: Kind) -> Clock:
    """Return the clock of a law for a kind of request; raise `Invalid` naming the laws that know the kind."""
    for one in clocks():
        if one.law == law and kind in one.kinds:
            return one
    known = sorted({c.law for c in clocks() if kind in c.kinds})
    raise Invalid(
        "review.no_clock",
        N_("{law} has no clock for this kind of request."),
        fix=N_("Choose one of: {known}."),
        field="law",
        law=law.replace("_", " ").upper(),
        known=", ".join(known),
    )


def business_days_later(start: date, days: int, holidays: frozenset[date] = frozenset()) -> date:
    """Return the day that ends a period of business days, the day of the event not counted."""
    day = start
    while days:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            days -= 1
    return day


def _months_later(start: date, months: int) -> date:
    at = start.month - 1 + months
    year, month = start.year + at // 12, at % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
