"""Reading of cost matrices, operating points, promises and their months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, select

from core.errors import NotFound
from core.evidence.worth.matrix import Cell, CostMatrix, MatrixState
from core.evidence.worth.promise import Gap, Month, Promise
from core.evidence.worth.tables import (
    CostMatrixRow,
    ExplorationRow,
    OperatingPointRow,
    PromiseMonthRow,
    PromiseRow,
)
from core.evidence.worth.threshold import Band, Explored, Point
from core.i18n import N_
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

EXPLORE_JOB = "worth.explore"
FREEZE_JOB = "worth.freeze"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A version's frozen threshold: what it showed where it was chosen, and on rows that nobody had looked at."""

    version_id: str
    matrix_id: str
    threshold: float
    chosen_by: str
    chosen_at: datetime
    validation: Point
    judged: Point
    bands: tuple[Band, ...]
    deviation: float
    monthly_rows: int


def matrices(session: Session, use_case_id: str) -> tuple[CostMatrix, ...]:
    """Return every version of a use case's cost matrix, oldest first."""
    query = (
        select(CostMatrixRow)
        .where(CostMatrixRow.use_case_id == use_case_id)
        .order_by(col(CostMatrixRow.number))
    )
    return tuple(_matrix(row) for row in session.exec(query))


def matrix(session: Session, matrix_id: str) -> CostMatrix:
    """Return one version of a cost matrix; raise `NotFound`."""
    row = session.get(CostMatrixRow, matrix_id)
    if row is None:
        raise NotFound("cost.unknown", N_("There is no cost matrix {id}."), id=matrix_id)
    return _matrix(row)


def signed_matrix(session: Session, use_case_id: str) -> CostMatrix | None:
    """Return the newest matrix that the business has signed, or none."""
    held = [one for one in matrices(session, use_case_id) if one.state is MatrixState.SIGNED]
    return held[-1] if held else None


def operating_point(session: Session, version_id: str) -> OperatingPoint | None:
    """Return a version's frozen threshold, or none."""
    row = session.get(OperatingPointRow, version_id)
    if row is None:
        return None
    return OperatingPoint(
        version_id=row.version_id, matrix_id=row.matrix_id, threshold=row.threshold, chosen_by=row.chosen_by,
        chosen_at=row.chosen_at, validation=point(row.validation), judged=point(row.judged), bands=_bands(row.bands),
        deviation=row.deviation, monthly_rows=row.monthly_rows,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exploration:
    """A version's thresholds under a signed matrix, and the usual number of decisions in a month."""

    matrix: CostMatrix
    explored: Explored
    monthly_rows: int


def exploration(session: Session, version_id: str) -> Exploration | None:
    """Return what each threshold of a version is worth under the matrix that is signed now; none before it is known."""
    row = session.get(ExplorationRow, version_id)
    signed = None if row is None else matrix(session, row.matrix_id)
    if row is None or signed is None or signed_matrix(session, signed.use_case_id) != signed:
        return None
    explored = Explored(tuple(point(one) for one in row.points), point(row.best), row.all_yes, row.all_no)
    return Exploration(signed, explored, row.monthly_rows)


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that explores or freezes a version's thresholds, or none."""
    found = [jobs.latest(session, "version", version_id, kind) for kind in (EXPLORE_JOB, FREEZE_JOB)]
    return max((one for one in found if one), key=lambda one: one.created_at, default=None)


def promise(session: Session, request_id: str) -> Promise | None:
    """Return what a release was approved to be worth, or none."""
    row = session.get(PromiseRow, request_id)
    return None if row is None else _promise(row)


def promises(session: Session, use_case_id: str | None = None) -> tuple[Promise, ...]:
    """Return the promises of a use case or of all, newest first."""
    query = select(PromiseRow).order_by(col(PromiseRow.made_at).desc(), col(PromiseRow.request_id))
    if use_case_id is not None:
        query = query.where(PromiseRow.use_case_id == use_case_id)
    return tuple(_promise(row) for row in session.exec(query))


def months(session: Session, request_ids: Sequence[str]) -> dict[str, tuple[Month, ...]]:
    """Return what each month realised of some promises, oldest first."""
    query = (
        select(PromiseMonthRow)
        .where(col(PromiseMonthRow.request_id).in_(request_ids))
        .order_by(col(PromiseMonthRow.start))
    )
    found: dict[str, list[Month]] = {}
    for row in session.exec(query):
        found.setdefault(row.request_id, []).append(_month(row))
    return {key: tuple(some) for key, some in found.items()}


def month_marks(session: Session, request_id: str) -> dict[date, str]:
    """Return what the log held of each month when it was last counted."""
    query = select(PromiseMonthRow).where(PromiseMonthRow.request_id == request_id)
    return {row.start: row.parts for row in session.exec(query)}


def point(stored: dict[str, Any]) -> Point:
    """Read a stored point."""
    return Point(**stored)


def _matrix(row: CostMatrixRow) -> CostMatrix:
    return CostMatrix(
        id=row.id, use_case_id=row.use_case_id, number=row.number, currency=row.currency,
        cells={Cell(name): text for name, text in row.cells.items()}, money_columns=tuple(row.money_columns),
        state=MatrixState(row.state), author_id=row.author_id, created_at=row.created_at, signed_by=row.signed_by,
        signed_at=row.signed_at, confirmed_by=row.confirmed_by,
    )  # fmt: skip


def _bands(stored: Sequence[Sequence[float]]) -> tuple[Band, ...]:
    return tuple(Band(one[0], one[1]) for one in stored)


def _promise(row: PromiseRow) -> Promise:
    return Promise(
        request_id=row.request_id, version_id=row.version_id, use_case_id=row.use_case_id, currency=row.currency,
        threshold=row.threshold, monthly_rows=row.monthly_rows, value=Decimal(row.value), low=Decimal(row.low),
        high=Decimal(row.high), bands=_bands(row.bands), matrix_id=row.matrix_id, made_at=row.made_at,
    )  # fmt: skip


def _month(row: PromiseMonthRow) -> Month:
    return Month(
        start=row.start, promised=Decimal(row.promised), rows=row.rows, labelled=row.labelled, value=Decimal(row.value),
        low=None if row.low is None else Decimal(row.low), high=None if row.high is None else Decimal(row.high),
        gap=Gap(Decimal(row.waiting), Decimal(row.volume), Decimal(row.mix), Decimal(row.quality)),
    )  # fmt: skip
