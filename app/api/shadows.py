"""Shadow runs over REST: start and end one, read its months and the rows on which the models differ."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.shadow import commands, queries
from core.decisions.shadow.agreement import Month
from core.decisions.shadow.queries import Shadow
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["shadow runs"])
Caller = Annotated[Actor, Depends(actor)]


class ShadowIn(BaseModel):
    """The version that answers what the live one of its use case is asked."""

    use_case: str
    version: int = Field(ge=1)


class GainOut(BaseModel):
    """Worth of a decision, challenger less champion, with its 95 % interval over `n` rows with an outcome."""

    n: int
    mean: float
    low: float
    high: float


class MonthOut(BaseModel):
    """One month of the champion's log; `expected` is by the champion's and by the challenger's own probabilities."""

    start: date
    rows: int
    labelled: int
    sampled: int
    differing: int
    agreement: float
    low: float
    high: float
    gap: float | None
    champion_right: int
    challenger_right: int
    expected: tuple[float, float] | None
    realised: GainOut | None


class ShadowOut(BaseModel):
    """A run and what its months showed, oldest first."""

    id: str
    use_case: str
    champion: int
    challenger: int
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    months: list[MonthOut]


class DisagreementOut(BaseModel):
    """A logged row on which the models differ."""

    prediction_id: str
    at: datetime
    champion: str | float
    challenger: str | float
    gap: float
    label: str | float | None


@router.get("/shadows", summary="Shadow runs")
def list_all(caller: Caller, use_case: str = "") -> list[ShadowOut]:
    """Answer the runs of a use case or of all, newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        case_id = registry.use_case(view, use_case).id if use_case else None
        return [_out(view, one) for one in queries.shadows(view, case_id)]


@router.post("/shadows", status_code=status.HTTP_201_CREATED, summary="Start a shadow run")
def start(body: ShadowIn, caller: Caller) -> ShadowOut:
    """Have a version answer what the live one was asked; one run for each pair, the one under way is answered."""
    with unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        made = commands.start(uow, version.id)
        return _out(uow.session, queries.shadow(uow.session, made))


@router.get("/shadows/{shadow_id}", summary="One shadow run")
def get_one(shadow_id: str, caller: Caller) -> ShadowOut:
    """Answer a run."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(view, queries.shadow(view, shadow_id))


@router.post("/shadows/{shadow_id}/end", summary="End a shadow run")
def end(shadow_id: str, caller: Caller) -> ShadowOut:
    """End it; what it showed stays."""
    with unit_of_work(caller) as uow:
        commands.end(uow, shadow_id)
        return _out(uow.session, queries.shadow(uow.session, shadow_id))


@router.get("/shadows/{shadow_id}/months/{start}/disagreements", summary="Rows on which the models differ")
def disagreements(shadow_id: str, start: date, caller: Caller) -> list[DisagreementOut]:
    """Answer the rows of a month that they differ on, those furthest apart first."""
    require(caller, Permission.RUN_CHECKS)
    with reading() as view:
        found = queries.shadow(view, shadow_id)
        month = next((one for one in queries.months(view, shadow_id) if one.start == start), None)
    if month is None:
        raise NotFound("shadow.month", N_("This run holds no month {start}."), start=start.isoformat())
    return [DisagreementOut(**asdict(one)) for one in queries.disagreements(store(), found, month)]


def _out(view: Session, found: Shadow) -> ShadowOut:
    champion = registry.version(view, found.champion)
    return ShadowOut(
        id=found.id,
        use_case=champion.use_case_slug,
        champion=champion.number,
        challenger=registry.version(view, found.challenger).number,
        started_by=found.started_by,
        started_at=found.started_at,
        ended_at=found.ended_at,
        months=[_month(one) for one in queries.months(view, found.id)],
    )


def _month(one: Month) -> MonthOut:
    low, high = one.interval
    body = {k: v for k, v in one.to_json().items() if k != "cases"}
    return MonthOut(**body, agreement=one.agreement, low=low, high=high)
