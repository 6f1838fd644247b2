"""Where the loop waits: spans between what the log recorded, summed up where there are enough of them. Pure rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import nlargest
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from core.i18n import N_
from core.platform.access.permissions import AREAS

MEDIAN_FROM, QUARTILES_FROM, NINETIETH_FROM = 3, 5, 10
"""From how many waits on a median, its quartiles and the ninetieth percentile are told; below, each wait stands alone."""
MONTH = timedelta(days=365.2425 / 12)
_HOUR = timedelta(hours=1)
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_TICKS_PER_HOUR = _HOUR // _TICK
Floats = npt.NDArray[np.float64]


class Stage(StrEnum):
    """A part of the loop in which something waits, in the order of the loop; signatures carry their area's name."""

    DECISION = "decision"
    RENEWAL = "renewal"
    CHECKS = "checks"
    REQUEST = "request"
    OPERATIONS = "operations"
    COMPLIANCE = "compliance"
    BUSINESS = "business"
    VALIDATOR = "validator"
    LIVE = "live"


STAGE_NAMES: Mapping[Stage, str] = {
    Stage.DECISION: N_("Alert → decision"),
    Stage.RENEWAL: N_("Decision → new version uploaded"),
    Stage.CHECKS: N_("Upload → checks done"),
    Stage.REQUEST: N_("Checks done → release requested"),
    Stage.OPERATIONS: N_("Request → operations sign"),
    Stage.COMPLIANCE: N_("Request → compliance signs"),
    Stage.BUSINESS: N_("Request → business signs"),
    Stage.VALIDATOR: N_("Request → independent validation signs"),
    Stage.LIVE: N_("Approved → live"),
}
SIGNING: Mapping[str, Stage] = {area.value: Stage(area.value) for area in AREAS}


class Wait(NamedTuple):
    """One wait of one version; without an end it still waits."""

    stage: Stage
    version_id: str
    request_id: str
    begin: datetime
    end: datetime | None

    def hours(self, now: datetime) -> float:
        """How long it took, or has taken until `now`."""
        return hours(self.begin, self.end or now)


@dataclass(frozen=True, slots=True)
class Period:
    """From after `start` to `end`, and as long a one before."""

    start: datetime
    end: datetime

    @classmethod
    def until(cls, end: datetime, days: int) -> "Period":
        """The `days` that end at a moment."""
        return cls(end - timedelta(days=days), end)

    @property
    def before(self) -> "Period":
        """The period that ended when this one began."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def months(self) -> float:
        """How many months of mean length it holds."""
        return (self.end - self.start) / MONTH

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.start < moment <= self.end


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Many spans that have ended, in the order of their ends: length in hours, and end in microseconds since 1970."""

    hours: Floats
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, pairs: Iterable[tuple[datetime, datetime]]) -> Self:
        """Keep spans (begin, end)."""
        ticks = np.array([((b - _EPOCH) // _TICK, (e - _EPOCH) // _TICK) for b, e in pairs], np.int64)
        begins, ends = ticks.reshape(-1, 2).T
        order = np.argsort(ends, kind="stable")
        return cls(((ends - begins) / _TICKS_PER_HOUR)[order], ends[order])

    def within(self, period: Period) -> Floats:
        """The lengths of those that ended in a period."""
        edges = [(moment - _EPOCH) // _TICK for moment in (period.start, period.end)]
        first, last = np.searchsorted(self.ends, edges, side="right")
        return self.hours[first:last]


@dataclass(frozen=True, slots=True)
class Spread:
    """Waits in hours. What so few cannot tell is empty; `single` holds them one by one where no median is told."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None
    ninetieth: float | None = None
    single: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """The same of a period and of the one before."""

    now: Spread
    before: Spread


@dataclass(frozen=True, slots=True)
class Turnout:
    """Releases that went live in a period, and how many of them were rolled back since."""

    released: int
    rolled_back: int
    months: float

    @property
    def per_month(self) -> float:
        """Releases in a month."""
        return self.released / self.months

    @property
    def share(self) -> float | None:
        """Share rolled back; empty where too few were released."""
        return self.rolled_back / self.released if self.released >= MEDIAN_FROM else None


@dataclass(frozen=True, slots=True)
class Case:
    """A version on its way from upload to live; `longest` is the wait that took most of it."""

    version_id: str
    request_id: str
    begin: datetime
    end: datetime | None
    longest: Wait | None

    def hours(self, now: datetime) -> float:
        """How long it took, or has taken until `now`."""
        return hours(self.begin, self.end or now)


class Call(NamedTuple):
    """An alert about a version of a use case, and when somebody first decided on it."""

    use_case_id: str
    raised: datetime
    decided: datetime | None


class GoneLive(NamedTuple):
    """A version's first time live: its upload may lie long before."""

    use_case_id: str
    version_id: str
    request_id: str
    submitted: datetime | None
    live: datetime
    rolled_back: bool


class Renewal(NamedTuple):
    """What went live after an alert: from the first alert since the release before, by its decision, to this one."""

    raised: datetime
    decided: datetime
    submitted: datetime | None
    live: datetime
    version_id: str
    request_id: str


def hours(begin: datetime, end: datetime) -> float:
    """Hours between two moments."""
    return (end - begin) / _HOUR


def spread(found: Floats | Sequence[float]) -> Spread:
    """Sum up waits in hours, as far as there are enough of them; percentiles are interpolated between neighbours."""
    n = len(found)
    if n < MEDIAN_FROM:
        return Spread(n, single=tuple(sorted(float(one) for one in found)))
    low, median, high, ninetieth = (float(q) for q in np.quantile(found, (0.25, 0.5, 0.75, 0.9)))
    return Spread(
        n,
        median,
        low if n >= QUARTILES_FROM else None,
        high if n >= QUARTILES_FROM else None,
        ninetieth if n >= NINETIETH_FROM else None,
    )


def compared(spans: Spans, period: Period) -> Compared:
    """Sum up spans by the period in which they ended."""
    return Compared(spread(spans.within(period)), spread(spans.within(period.before)))


def by_stage(waits: Iterable[Wait]) -> dict[Stage, Spans]:
    """Part waits that have ended by their stage, in the order of the loop."""
    pairs: dict[Stage, list[tuple[datetime, datetime]]] = {stage: [] for stage in Stage}
    for wait in waits:
        if wait.end is not None:
            pairs[wait.stage].append((wait.begin, wait.end))
    return {stage: Spans.of(found) for stage, found in pairs.items()}


def turnout(gone_live: Iterable[GoneLive], period: Period) -> Turnout:
    """Count what went live in a period."""
    found = [one for one in gone_live if period.holds(one.live)]
    return Turnout(len(found), sum(one.rolled_back for one in found), period.months)


def renewals(gone_live: Sequence[GoneLive], calls: Iterable[Call]) -> list[Renewal]:
    """Pair what went live with the alerts since the release before it in its use case.

    It begins with the first of those alerts that somebody had decided on by then; without one nothing was renewed.
    """
    by_case: dict[str, list[Call]] = {}
    for call in sorted(calls, key=lambda one: one.raised):
        by_case.setdefault(call.use_case_id, []).append(call)
    found, since = [], dict[str, datetime]()
    for one in sorted(gone_live, key=lambda g: g.live):
        last = since.get(one.use_case_id)
        since[one.use_case_id] = one.live
        if last is None:
            continue
        answered = (
            (call.raised, call.decided)
            for call in by_case.get(one.use_case_id, ())
            if call.raised > last and call.decided is not None and call.decided <= one.live
        )
        first = next(answered, None)
        if first is not None:
            found.append(Renewal(*first, one.submitted, one.live, one.version_id, one.request_id))
    return found


def slowest(cases: Iterable[Case], period: Period, most: int) -> tuple[Case, ...]:
    """The cases that took longest, of those that ended in the period or still wait."""
    asked = (case for case in cases if case.end is None or period.holds(case.end))
    return tuple(nlargest(most, asked, key=lambda case: (case.hours(period.end), case.version_id)))


def longest(waits: Iterable[Wait], now: datetime) -> Wait | None:
    """The wait that took most; none of none."""
    return max(waits, key=lambda wait: wait.hours(now), default=None)
