"""KPIs over REST: define, revise, retire, and read the scoreboard."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.evidence.kpis import commands, queries
from core.evidence.kpis.definition import Definition, Direction, Status
from core.evidence.kpis.queries import Kpi, Observation, Score
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["KPIs"])

Caller = Annotated[Actor, Depends(actor)]


class DefinitionIn(BaseModel):
    """What a KPI asks and when its answer is good enough; with the unit `%`, values are shares of one."""

    name: str = Field(examples=["Ranking quality"])
    question: str = ""
    owner_id: str = Field(default="", description="The person who answers for it; the caller when empty")
    metric: Metric
    unit: str = ""
    direction: Direction
    target: float
    warning: float | None = None
    critical: float | None = None
    window: Grain = Grain.MONTH
    minimum_n: int = 30


class KpiOut(BaseModel):
    """A KPI in one revision."""

    id: str
    use_case_id: str
    revision: int
    name: str
    question: str
    owner_id: str
    metric: Metric
    unit: str
    direction: Direction
    target: float
    warning: float | None
    critical: float | None
    window: Grain
    minimum_n: int
    author_id: str
    created_at: datetime
    retired_at: datetime | None


class ObservationOut(BaseModel):
    """One window; without enough data there is no judgement."""

    start: date
    end: date
    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: Status


class ScoreOut(BaseModel):
    """A KPI with its last windows for one model version."""

    kpi: KpiOut
    version_id: str
    status: Status
    history: list[ObservationOut]


@router.get("/kpis", summary="The scoreboard")
def scoreboard(caller: Caller, use_case: str = "") -> list[ScoreOut]:
    """Answer every KPI in force with its last 24 windows, of one use case or of all."""
    require(caller, Permission.VIEW)
    with reading() as view:
        use_case_id = registry.use_case(view, use_case).id if use_case else None
        return [_score(one) for one in queries.scoreboard(view, use_case_id)]


@router.post("/use-cases/{slug}/kpis", status_code=status.HTTP_201_CREATED, summary="Define a KPI")
def define(slug: str, body: DefinitionIn, caller: Caller) -> KpiOut:
    """Define a KPI; its past is observed in the background."""
    with unit_of_work(caller) as uow:
        use_case = registry.use_case(uow.session, slug)
        return _kpi(commands.define_kpi(uow, use_case.id, _definition(body, caller)))


@router.get("/kpis/{kpi_id}", summary="A KPI's revisions")
def revisions(kpi_id: str, caller: Caller) -> list[KpiOut]:
    """Answer every revision of a KPI, oldest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        queries.kpi(view, kpi_id)
        return [_kpi(one) for one in queries.revisions(view, kpi_id)]


@router.post("/kpis/{kpi_id}", summary="Revise a KPI")
def revise(kpi_id: str, body: DefinitionIn, caller: Caller) -> KpiOut:
    """Put a new revision in force; what was observed under the old ones stays."""
    with unit_of_work(caller) as uow:
        return _kpi(commands.revise_kpi(uow, kpi_id, _definition(body, caller)))


@router.delete("/kpis/{kpi_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Retire a KPI")
def retire(kpi_id: str, caller: Caller) -> None:
    """Take a KPI off the scoreboard."""
    with unit_of_work(caller) as uow:
        commands.retire_kpi(uow, kpi_id)


def _definition(body: DefinitionIn, caller: Actor) -> Definition:
    return Definition(**{**body.model_dump(), "owner_id": body.owner_id or caller.id})


def _kpi(one: Kpi) -> KpiOut:
    held = one.definition
    return KpiOut(
        id=one.id,
        use_case_id=one.use_case_id,
        revision=one.number,
        name=held.name,
        question=held.question,
        owner_id=held.owner_id,
        metric=held.metric,
        unit=held.unit,
        direction=held.direction,
        target=held.target,
        warning=held.warning,
        critical=held.critical,
        window=held.window,
        minimum_n=held.minimum_n,
        author_id=one.author_id,
        created_at=one.created_at,
        retired_at=one.retired_at,
    )


def _score(one: Score) -> ScoreOut:
    return ScoreOut(
        kpi=_kpi(one.kpi),
        version_id=one.version_id,
        status=one.status,
        history=[_observation(each) for each in one.history],
    )


def _observation(one: Observation) -> ObservationOut:
    return ObservationOut(
        start=one.window.start,
        end=one.window.end,
        value=one.value,
        low=one.low,
        high=one.high,
        n=one.n,
        coverage=one.coverage,
        status=one.status,
    )
