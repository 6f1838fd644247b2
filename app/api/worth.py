"""Worth over REST: cost matrices, operating thresholds, promises of releases and what came of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.errors import Conflict
from core.evidence.worth import commands, queries
from core.evidence.worth.matrix import Cell, CostMatrix, MatrixState
from core.evidence.worth.promise import Month, Promise
from core.evidence.worth.threshold import Point
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["Worth"])

Caller = Annotated[Actor, Depends(actor)]


class MatrixIn(BaseModel):
    """What each outcome of a decision is worth: an amount, or an expression over a row's columns."""

    tp: str = Field(examples=["0"])
    fp: str = Field(examples=["-12.50"])
    tn: str = Field(examples=["0.09 * amount"])
    fn: str = Field(examples=["-0.45 * amount"])
    money_columns: list[str] = Field(default_factory=list, description="Columns in the use case's currency")


class MatrixOut(MatrixIn):
    """One version of a cost matrix."""

    id: str
    number: int
    currency: str
    state: MatrixState
    author_id: str
    created_at: datetime
    signed_by: str
    signed_at: datetime | None
    break_even: Decimal | None


class SignatureIn(BaseModel):
    """A signing ticket for `cost_matrix:<id>`, not older than five minutes."""

    ticket: str


class PointOut(BaseModel):
    """A threshold: the mean worth of a decision with its interval, and decisions by outcome."""

    threshold: float
    mean: float
    low: float
    high: float
    n: int
    said_yes: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


class ExploredOut(BaseModel):
    """The validation part: worth against threshold; what is frozen, with its judgement on untouched rows."""

    currency: str
    matrix_id: str
    points: list[PointOut]
    best: PointOut
    all_yes: float
    all_no: float
    monthly_rows: int
    frozen: PointOut | None


class ThresholdIn(BaseModel):
    """The threshold that was chosen, and how many decisions a month brings."""

    threshold: float = Field(gt=0, lt=1)
    monthly_rows: int = Field(ge=1)


class JobRef(BaseModel):
    """The job that does it: follow it at `/jobs/{job}`."""

    job: str


class MonthOut(BaseModel):
    """What a month realised; the four parts add up to the difference from the promise."""

    start: date
    promised: Decimal
    rows: int
    labelled: int
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    waiting: Decimal
    volume: Decimal
    mix: Decimal
    quality: Decimal


class PromiseOut(BaseModel):
    """What a release was approved to be worth in a month, and what came of it."""

    release_id: str
    version_id: str
    currency: str
    threshold: float
    monthly_rows: int
    value: Decimal
    low: Decimal
    high: Decimal
    made_at: datetime
    months: list[MonthOut]


@router.get("/use-cases/{slug}/cost-matrices", summary="What decisions are worth")
def matrices(slug: str, caller: Caller) -> list[MatrixOut]:
    """Answer every version of a use case's cost matrix, oldest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_matrix(one) for one in queries.matrices(view, registry.use_case(view, slug).id)]


@router.post(
    "/use-cases/{slug}/cost-matrices", status_code=status.HTTP_201_CREATED, summary="Propose a cost matrix"
)
def propose(slug: str, body: MatrixIn, caller: Caller) -> MatrixOut:
    """Write down what decisions are worth, for the business to sign."""
    with unit_of_work(caller) as uow:
        use_case = registry.use_case(uow.session, slug)
        cells = {cell: getattr(body, cell.value) for cell in Cell}
        return _matrix(commands.propose_matrix(uow, use_case.id, cells, money_columns=body.money_columns))


@router.post("/cost-matrices/{matrix_id}/sign", summary="Sign a cost matrix")
def sign(matrix_id: str, body: SignatureIn, caller: Caller) -> MatrixOut:
    """Sign for the business, with a ticket that shows who signs."""
    with unit_of_work(caller) as uow:
        return _matrix(commands.sign_matrix(uow, matrix_id, ticket=body.ticket))


@router.get("/versions/{version_id}/thresholds", summary="Worth against threshold")
def thresholds(version_id: str, caller: Caller) -> ExploredOut:
    """Answer the curve over the validation part, and the frozen threshold where there is one."""
    require(caller, Permission.VIEW)
    with reading() as view:
        registry.version(view, version_id)
        found = queries.exploration(view, version_id)
        frozen = queries.operating_point(view, version_id)
    if found is None:
        raise Conflict(
            "threshold.not_explored",
            N_("The thresholds of this version are not priced by the signed matrix yet."),
            fix=N_("POST to …/thresholds/exploration, and ask again once its job is done."),
        )
    return ExploredOut(
        currency=found.matrix.currency,
        matrix_id=found.matrix.id,
        points=[_point(one) for one in found.explored.points],
        best=_point(found.explored.best),
        all_yes=found.explored.all_yes,
        all_no=found.explored.all_no,
        monthly_rows=found.monthly_rows,
        frozen=_point(frozen.judged) if frozen else None,
    )


@router.post("/versions/{version_id}/thresholds/exploration", status_code=202, summary="Price the thresholds")
def explore(version_id: str, caller: Caller) -> JobRef:
    """Have every threshold priced by the signed matrix, in a job."""
    with unit_of_work(caller) as uow:
        return JobRef(job=commands.request_exploration(uow, version_id))


@router.post("/versions/{version_id}/thresholds", status_code=202, summary="Freeze a threshold")
def freeze(version_id: str, body: ThresholdIn, caller: Caller) -> JobRef:
    """Have a threshold judged on the untouched rows and frozen, in a job: once."""
    with unit_of_work(caller) as uow:
        return JobRef(job=commands.request_freeze(uow, version_id, body.threshold, body.monthly_rows))


@router.get("/use-cases/{slug}/promises", summary="Promises and outcomes")
def promises(slug: str, caller: Caller) -> list[PromiseOut]:
    """Answer what releases were approved to be worth and what months realised, newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        held = queries.promises(view, registry.use_case(view, slug).id)
        months = queries.months(view, [one.request_id for one in held])
    return [_promise(one, months.get(one.request_id, ())) for one in held]


def _matrix(one: CostMatrix) -> MatrixOut:
    return MatrixOut(
        id=one.id,
        number=one.number,
        currency=one.currency,
        state=one.state,
        author_id=one.author_id,
        created_at=one.created_at,
        signed_by=one.signed_by,
        signed_at=one.signed_at,
        break_even=one.break_even(),
        money_columns=list(one.money_columns),
        **{cell.value: text for cell, text in one.cells.items()},
    )


def _point(one: Point) -> PointOut:
    return PointOut(**{name: getattr(one, name) for name in PointOut.model_fields})


def _promise(one: Promise, months: tuple[Month, ...]) -> PromiseOut:
    return PromiseOut(
        release_id=one.request_id,
        version_id=one.version_id,
        currency=one.currency,
        threshold=one.threshold,
        monthly_rows=one.monthly_rows,
        value=one.value,
        low=one.low,
        high=one.high,
        made_at=one.made_at,
        months=[
            MonthOut(
                start=m.start,
                promised=m.promised,
                rows=m.rows,
                labelled=m.labelled,
                value=m.value,
                low=m.low,
                high=m.high,
                waiting=m.gap.waiting,
                volume=m.gap.volume,
                mix=m.gap.mix,
                quality=m.gap.quality,
            )
            for m in months
        ],
    )
