"""Explanations over REST: a version's values as a whole, and one case."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.attribution_drift import commands as drift_commands
from core.evidence.attribution_drift import queries as attribution_drift
from core.evidence.explain import commands, queries
from core.evidence.explain.queries import Explanation
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["explanations"])


class ImportanceOut(BaseModel):
    """Mean absolute Shapley value of a feature with its 95 % bootstrap interval over rows."""

    feature: str
    mean_abs: float
    low: float
    high: float


class ExplanationOut(BaseModel):
    """A stored explanation: `max_error` is the largest |base + Σφ − f(x)| / max(1, |f(x)|) over its rows."""

    use_case: str
    version: int
    method: str
    question: str
    unit: str
    label: str
    rows: int
    population: int
    background: int
    base: float
    max_error: float
    holds: bool
    largest_standard_error: float
    importance: list[ImportanceOut]
    values_digest: str
    created_at: datetime


class ContributionOut(BaseModel):
    """One feature's value in a case and its Shapley value."""

    feature: str
    value: float | int | bool | str | None
    phi: float


class CaseOut(BaseModel):
    """One explained row: base + Σ phi = score, in the explanation's unit."""

    row: int
    unit: str
    base: float
    score: float
    contributions: list[ContributionOut]


class PartialOut(BaseModel):
    """One feature: the values asked about, the mean answer at each with its 95 % interval, single rows' answers."""

    feature: str
    grid: list[float | str]
    mean: list[float]
    low: list[float]
    high: list[float]
    lines: list[list[float]]
    rows: int


class ShiftOut(BaseModel):
    """One feature in one month: mean |φ| on the evaluation data and on the log, the 95 % interval of the difference.

    `part` is the difference as a part of all mean |φ| before; `q` is adjusted over the features of the month.
    """

    feature: str
    before: float
    after: float
    low: float
    high: float
    q: float
    part: float
    moved: bool


class MonthOut(BaseModel):
    """One month of the prediction log: `sampled` of its `rows` were explained."""

    start: date
    rows: int
    sampled: int
    shifts: list[ShiftOut]


class StartedOut(BaseModel):
    """The job that explains the version; follow it at /jobs/{job}."""

    job: str


@router.get("/explanations/{use_case}/{version}")
def explanation(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> ExplanationOut:
    """Global importance of a version's features, with method, unit and error."""
    require(caller, Permission.VIEW)
    found = _found(use_case, version)
    return ExplanationOut(
        use_case=use_case,
        version=version,
        method=found.method,
        question=found.question,
        unit=found.unit,
        label=found.label,
        rows=found.rows,
        population=found.population,
        background=found.background,
        base=found.base,
        max_error=found.max_error,
        holds=found.holds,
        largest_standard_error=found.largest_standard_error,
        importance=[
            ImportanceOut(feature=i.feature, mean_abs=i.mean_abs, low=i.low, high=i.high)
            for i in found.importance
        ],
        values_digest=found.values_digest,
        created_at=found.created_at,
    )


@router.get("/explanations/{use_case}/{version}/cases/{row}")
def case(use_case: str, version: int, row: int, caller: Annotated[Actor, Depends(actor)]) -> CaseOut:
    """Why one row of the evaluation data (counted from 0) came out as it did."""
    require(caller, Permission.VIEW)
    found = _found(use_case, version)
    told = queries.case(store().files, found, row)
    return CaseOut(
        row=told.row,
        unit=found.unit,
        base=told.base,
        score=told.score,
        contributions=[
            ContributionOut(feature=c.feature, value=_plain(c.value), phi=c.phi) for c in told.contributions
        ],
    )


@router.get("/explanations/{use_case}/{version}/partial")
def partial(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> list[PartialOut]:
    """What the model would say if one feature alone were otherwise (partial dependence, ICE); empty until asked for."""
    require(caller, Permission.VIEW)
    found = _found(use_case, version)
    with reading() as view:
        held = queries.partials(view, found) or {}
    return [PartialOut.model_validate(one.to_json()) for one in held.values()]


@router.post("/explanations/{use_case}/{version}/partial", status_code=202)
def start_partial(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> StartedOut:
    """Start the job that works partial dependence out; a running one is returned instead of a second."""
    with reading() as view:
        version_id = registry.version_by_number(view, use_case, version).id
    with unit_of_work(caller) as uow:
        return StartedOut(job=commands.request_partial(uow, version_id))


@router.get("/explanations/{use_case}/{version}/drift")
def drift(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> list[MonthOut]:
    """What drives the version month by month on its log, against the evaluation data; empty until measured."""
    require(caller, Permission.VIEW)
    found = _found(use_case, version)
    with reading() as view:
        months = attribution_drift.months(view, found)
    return [
        MonthOut(
            start=one.start,
            rows=one.rows,
            sampled=one.sampled,
            shifts=[ShiftOut(**asdict(shift), moved=shift.moved) for shift in one.shifts],
        )
        for one in months
    ]


@router.post("/explanations/{use_case}/{version}/drift", status_code=202)
def start_drift(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> StartedOut:
    """Start the job that explains rows of the log; a running one is returned instead of a second."""
    with reading() as view:
        version_id = registry.version_by_number(view, use_case, version).id
    with unit_of_work(caller) as uow:
        return StartedOut(job=drift_commands.request_months(uow, version_id))


@router.post("/explanations/{use_case}/{version}", status_code=202)
def start(use_case: str, version: int, caller: Annotated[Actor, Depends(actor)]) -> StartedOut:
    """Start the job that explains a version; a running one is returned instead of a second."""
    with reading() as view:
        version_id = registry.version_by_number(view, use_case, version).id
    with unit_of_work(caller) as uow:
        return StartedOut(job=commands.request_explanation(uow, version_id))


def _found(use_case: str, version: int) -> Explanation:
    with reading() as view:
        registry.use_case(view, use_case)
        found = queries.explanation(view, registry.version_by_number(view, use_case, version).id)
    if found is None:
        raise NotFound(
            "explanation.none",
            N_("Version {version} of {use_case} has not been explained yet."),
            fix=N_("Start an explanation, or wait for the running one."),
            version=version,
            use_case=use_case,
        )
    return found


def _plain(value: object) -> float | int | bool | str | None:
    return value if isinstance(value, float | int | bool | str | None) else str(value)
