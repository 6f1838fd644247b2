"""KPIs over REST: define, revise, retire, and read the scoreboard."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.evidence.kpis import commands, following, queries
from core.evidence.kpis.definition import Definition, Direction, KpiKind, Status
from core.evidence.kpis.intervals import Method
from core.evidence.kpis.queries import Kpi, Observation, Score, State
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
    metric: Metric | None = Field(default=None, description="A metric of monitoring; or give a formula")
    formula: str = Field(default="", examples=["share(actual_positive)"])
    kind: KpiKind = KpiKind.MODEL
    currency: str = Field(default="", examples=["BRL"])
    zone: str = "UTC"
    every: int = Field(default=0, description="Rows per window; 0 for calendar windows")
    segment: str = ""
    counter_metric: str = ""
    currency_column: str = ""
    units: list[tuple[str, str]] = Field(default_factory=list, examples=[[["amount", "BRL"]]])
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
    metric: Metric | None
    formula: str
    kind: KpiKind
    currency: str
    zone: str
    every: int
    segment: str
    counter_metric: str
    unit: str
    revision_id: str
    state: State
    decided_by: str
    decided_at: datetime | None
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
    segment: str
    method: Method
    note: str


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


@router.get("/kpi-proposals", summary="What waits for a second person")
def proposals(caller: Caller, use_case: str = "") -> list[KpiOut]:
    """Answer every proposal that is not decided yet."""
    require(caller, Permission.VIEW)
    with reading() as view:
        use_case_id = registry.use_case(view, use_case).id if use_case else None
        return [_kpi(one) for one in queries.proposals(view, use_case_id)]


@router.post("/kpi-proposals/{revision_id}/approve", summary="Put a proposal in force")
def approve(revision_id: str, caller: Caller) -> KpiOut:
    """Put a proposal in force, as a second person of its owner's area; its past is observed in the background."""
    with unit_of_work(caller) as uow:
        return _kpi(commands.approve_kpi(uow, revision_id))


@router.post(
    "/kpi-proposals/{revision_id}/decline",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Decline a proposal",
)
def decline(revision_id: str, caller: Caller) -> None:
    """Decline a proposal, or take one's own back."""
    with unit_of_work(caller) as uow:
        commands.decline_kpi(uow, revision_id)


@router.get("/kpi-subscriptions", summary="The KPIs that the caller follows")
def subscriptions(caller: Caller) -> list[str]:
    """Answer the ids of the KPIs whose breaches wait for the caller too."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return sorted(following.followed(view, caller.id))


@router.put("/kpi-subscriptions/{kpi_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Follow a KPI")
def subscribe(kpi_id: str, caller: Caller) -> None:
    """Follow a KPI; again is no harm."""
    with unit_of_work(caller) as uow:
        following.follow(uow, kpi_id)


@router.delete(
    "/kpi-subscriptions/{kpi_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Follow a KPI no more"
)
def unsubscribe(kpi_id: str, caller: Caller) -> None:
    """Follow a KPI no more."""
    with unit_of_work(caller) as uow:
        following.unfollow(uow, kpi_id)


@router.get("/kpis/{kpi_id}/observations", summary="What a KPI showed")
def observations(
    kpi_id: str, caller: Caller, version: str = "", segments: bool = False
) -> dict[str, list[ObservationOut]]:
    """Answer the windows under the revision in force by version, oldest first; with `segments`, by segment too."""
    require(caller, Permission.VIEW)
    with reading() as view:
        held = queries.kpi(view, kpi_id)
        found = queries.observations(
            view, [held.revision_id], version or None, segment=None if segments else ""
        )
        return {key: [_observation(one) for one in some] for key, some in found.items()}


@router.post("/use-cases/{slug}/kpis", status_code=status.HTTP_201_CREATED, summary="Propose a KPI")
def define(slug: str, body: DefinitionIn, caller: Caller) -> KpiOut:
    """Propose a KPI; a second person of its owner's area puts it in force."""
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


@router.post("/kpis/{kpi_id}", summary="Propose a change of a KPI")
def revise(kpi_id: str, body: DefinitionIn, caller: Caller) -> KpiOut:
    """Propose a change; the revision in force stays until a second person approves it."""
    with unit_of_work(caller) as uow:
        return _kpi(commands.revise_kpi(uow, kpi_id, _definition(body, caller)))


@router.delete("/kpis/{kpi_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Retire a KPI")
def retire(kpi_id: str, caller: Caller) -> None:
    """Take a KPI off the scoreboard."""
    with unit_of_work(caller) as uow:
        commands.retire_kpi(uow, kpi_id)


def _definition(body: DefinitionIn, caller: Actor) -> Definition:
    given = {name: value for name, value in body if name not in ("owner_id", "units")}
    return Definition(**given, owner_id=body.owner_id or caller.id, units=tuple(body.units))


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
        formula=held.formula,
        kind=held.kind,
        currency=held.currency,
        zone=held.zone,
        every=held.every,
        segment=held.segment,
        counter_metric=held.counter_metric,
        unit=held.unit,
        revision_id=one.revision_id,
        state=one.state,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
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
        segment=one.segment,
        method=one.method,
        note=one.note,
    )
