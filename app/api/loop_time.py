"""Loop time over REST: how long the way from alert and upload to live takes, and where it waits."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, store
from core.assets.registry import queries as registry
from core.overview.loop import Case, Compared, Period, Spread, Stage, Turnout
from core.overview.looptime import LoopTime, loop_time
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["loop time"])
Caller = Annotated[Actor, Depends(actor)]


class Days(IntEnum):
    """How long a period may be."""

    YEAR = 365
    QUARTER = 90
    MONTH = 30


class SpreadOut(BaseModel):
    """Waits in hours; a figure is empty where there are too few, and `single` holds them one by one."""

    n: int
    median: float | None
    low: float | None = Field(description="Lower quartile")
    high: float | None = Field(description="Upper quartile")
    ninetieth: float | None
    single: list[float]


class ComparedOut(BaseModel):
    """The same of the period and of the one before."""

    now: SpreadOut
    before: SpreadOut


class TurnoutOut(BaseModel):
    """Versions that went live for the first time in production, and how many were rolled back since."""

    released: int
    per_month: float
    rolled_back: int
    share_rolled_back: float | None


class CaseOut(BaseModel):
    """A version on its way; `ended_at` is empty while it waits, `longest` names the stage that took most."""

    version_id: str
    release_id: str
    uploaded_at: datetime
    ended_at: datetime | None
    hours: float
    longest: Stage | None
    longest_hours: float | None


class LoopTimeOut(BaseModel):
    """The loop over a period and the one before it."""

    since: datetime
    until: datetime
    stages: dict[Stage, ComparedOut]
    lead_time: ComparedOut
    decision_to_live: ComparedOut
    releases: TurnoutOut
    releases_before: TurnoutOut
    undecided_alerts: int
    open_releases: int
    slowest: list[CaseOut]


@router.get("/loop-time", summary="Loop time")
def get(
    caller: Caller,
    use_case: Annotated[str, Query(description="Slug; all use cases without one")] = "",
    days: Annotated[Days, Query(description="Length of the period that ends now")] = Days.YEAR,
) -> LoopTimeOut:
    """Answer median waits by stage, lead time, releases and the slowest cases."""
    require(caller, Permission.VIEW)
    with reading() as view:
        case_id = registry.use_case(view, use_case).id if use_case else ""
        return _out(loop_time(view, Period.until(store().clock(), days), case_id))


def _out(found: LoopTime) -> LoopTimeOut:
    return LoopTimeOut(
        since=found.period.start,
        until=found.period.end,
        stages={stage: _compared(both) for stage, both in found.stages.items()},
        lead_time=_compared(found.lead),
        decision_to_live=_compared(found.renewal),
        releases=_turnout(found.turnout),
        releases_before=_turnout(found.turnout_before),
        undecided_alerts=found.undecided,
        open_releases=found.waiting,
        slowest=[_case(case, found.period.end) for case in found.slowest],
    )


def _compared(both: Compared) -> ComparedOut:
    return ComparedOut(now=_spread(both.now), before=_spread(both.before))


def _spread(one: Spread) -> SpreadOut:
    return SpreadOut(
        n=one.n,
        median=one.median,
        low=one.low,
        high=one.high,
        ninetieth=one.ninetieth,
        single=list(one.single),
    )


def _turnout(one: Turnout) -> TurnoutOut:
    return TurnoutOut(
        released=one.released,
        per_month=one.per_month,
        rolled_back=one.rolled_back,
        share_rolled_back=one.share,
    )


def _case(case: Case, now: datetime) -> CaseOut:
    longest = case.longest
    return CaseOut(
        version_id=case.version_id,
        release_id=case.request_id,
        uploaded_at=case.begin,
        ended_at=case.end,
        hours=case.hours(now),
        longest=longest.stage if longest else None,
        longest_hours=longest.hours(now) if longest else None,
    )
