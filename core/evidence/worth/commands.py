"""Writing: propose and sign a cost matrix, freeze a threshold, keep a promise and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

from sqlmodel import select

from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.errors import Conflict, Invalid, Refused
from core.evidence.kpis.logged import log_columns
from core.evidence.worth import queries
from core.evidence.worth.matrix import Cell, CostMatrix, MatrixState, read_cells, signing_subject
from core.evidence.worth.promise import Month, Promise, expected
from core.evidence.worth.queries import Exploration, OperatingPoint
from core.evidence.worth.tables import (
    CostMatrixRow,
    ExplorationRow,
    OperatingPointRow,
    PromiseMonthRow,
    PromiseRow,
)
from core.evidence.worth.threshold import Band, Point
from core.i18n import N_
from core.ids import new_id
from core.platform.access.confirmation import redeem_confirmation
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

FOLLOW_JOB = "worth.follow"


def propose_matrix(
    uow: UnitOfWork, use_case_id: str, cells: Mapping[Cell, str], *, money_columns: Sequence[str] = ()
) -> CostMatrix:
    """Write down what decisions are worth, in the use case's currency, for the business to sign. Raise `Invalid`."""
    require(uow.actor, Permission.DEFINE_KPI)
    use_case = registry.use_case_by_id(uow.session, use_case_id)
    if use_case.task.value != "binary":
        raise Invalid("cost.task", N_("A cost matrix belongs to yes-or-no decisions."), field="use_case")
    ready = [v for v in registry.versions(uow.session, use_case_id) if v.state is VersionState.READY]
    newest = max(ready, key=lambda one: one.number, default=None)
    read_cells(cells, log_columns("binary", newest), use_case.currency, money_columns)
    known = queries.matrices(uow.session, use_case_id)
    row = CostMatrixRow(
        id=new_id("cmx"), use_case_id=use_case_id, number=len(known) + 1, currency=use_case.currency,
        cells={one.value: cells[one].strip() for one in Cell}, money_columns=list(money_columns),
        state=MatrixState.PROPOSED.value, author_id=uow.actor.id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "cost_matrix.proposed",
        "use_case",
        use_case_id,
        {"matrix": row.id, "number": row.number, "currency": row.currency, "cells": dict(row.cells)},
    )
    return queries.matrix(uow.session, row.id)


def sign_matrix(uow: UnitOfWork, matrix_id: str, *, ticket: str) -> CostMatrix:
    """Sign a cost matrix for the business; from then on thresholds are judged by it. Raise `Refused`, `Conflict`."""
    require(uow.actor, Permission.SIGN_COSTS)
    query = select(CostMatrixRow).where(CostMatrixRow.id == queries.matrix(uow.session, matrix_id).id)
    row = uow.session.exec(query.with_for_update()).one()
    if row.state == MatrixState.SIGNED.value:
        raise Conflict("cost.signed", N_("This cost matrix is signed already."))
    confirmed = redeem_confirmation(uow, ticket, signing_subject(matrix_id))
    row.state, row.signed_by, row.signed_at = MatrixState.SIGNED.value, uow.actor.id, uow.now
    row.confirmed_by = confirmed.value
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "cost_matrix.signed",
        "use_case",
        row.use_case_id,
        {"matrix": row.id, "number": row.number, "cells": dict(row.cells), "confirmed_by": confirmed.value},
    )
    for version in registry.versions(uow.session, row.use_case_id):
        if version.state is VersionState.READY:
            request_exploration(uow, version.id)
    return queries.matrix(uow.session, matrix_id)


def request_exploration(uow: UnitOfWork, version_id: str) -> str:
    """Have a version's thresholds priced by the signed matrix; return the job. Raise `Conflict` before one is signed."""
    require(uow.actor, Permission.VIEW)
    version = registry.version(uow.session, version_id)
    if queries.signed_matrix(uow.session, version.use_case_id) is None:
        raise Conflict(
            "threshold.no_matrix",
            N_("The business has not signed a cost matrix yet."),
            fix=N_("Propose one and have it signed."),
        )
    return jobs.enqueue(uow, queries.EXPLORE_JOB, "version", version_id, {"version_id": version_id})


def explore_for(uow: UnitOfWork, version_id: str) -> None:
    """Have the thresholds of a newly evaluated version priced, where a matrix is signed."""
    version = registry.version(uow.session, version_id)
    if queries.signed_matrix(uow.session, version.use_case_id) is not None:
        request_exploration(uow, version_id)


def store_exploration(uow: UnitOfWork, version_id: str, found: Exploration) -> None:
    """Keep what thresholds are worth. Bookkeeping of the worker: no event of its own."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    explored = found.explored
    uow.session.merge(
        ExplorationRow(
            version_id=version_id, matrix_id=found.matrix.id, points=[asdict(one) for one in explored.points],
            best=asdict(explored.best), all_yes=explored.all_yes, all_no=explored.all_no,
            monthly_rows=found.monthly_rows, explored_at=uow.now,
        )
    )  # fmt: skip


def request_freeze(uow: UnitOfWork, version_id: str, threshold: float, monthly_rows: int) -> str:
    """Have a threshold judged on the untouched rows and frozen; return the job, which works in the actor's name.

    Raise `Refused`, `Invalid`, and `Conflict` where it is frozen already.
    """
    require(uow.actor, Permission.SIGN_COSTS)
    version = registry.version(uow.session, version_id)
    if not 0 < threshold < 1:
        raise Invalid("threshold.range", N_("A threshold lies between 0 and 1."), field="threshold")
    _not_frozen(uow, version)
    _some_volume(monthly_rows)
    asked: dict[str, Json] = {
        "version_id": version_id,
        "threshold": repr(float(threshold)),
        "monthly_rows": monthly_rows,
    }
    return jobs.enqueue(uow, queries.FREEZE_JOB, "version", version_id, asked)


def freeze_threshold(
    uow: UnitOfWork,
    version_id: str,
    *,
    matrix_id: str,
    validation: Point,
    judged: Point,
    bands: Sequence[Band],
    deviation: float,
    monthly_rows: int,
) -> OperatingPoint:
    """Freeze the threshold that was chosen on the validation part, with its judgement on untouched rows.

    Once: who has seen the untouched rows could only choose to fit them. Raise `Refused`, `Conflict`, `Invalid`.
    """
    require(uow.actor, Permission.SIGN_COSTS)
    version = registry.version(uow.session, version_id)
    _not_frozen(uow, version)
    held = queries.signed_matrix(uow.session, version.use_case_id)
    if held is None or held.id != matrix_id:
        raise Conflict(
            "threshold.matrix",
            N_("The signed cost matrix is another one by now."),
            fix=N_("Load the page again."),
        )
    _some_volume(monthly_rows)
    uow.session.add(
        OperatingPointRow(
            version_id=version_id, matrix_id=matrix_id, threshold=judged.threshold, chosen_by=uow.actor.id,
            chosen_at=uow.now, validation=asdict(validation), judged=asdict(judged),
            bands=[[one.share, one.mean] for one in bands], deviation=deviation, monthly_rows=monthly_rows,
        )
    )  # fmt: skip
    uow.session.flush()
    uow.record(
        "threshold.frozen",
        "version",
        version_id,
        {"matrix": matrix_id, "threshold": repr(judged.threshold), "mean": repr(judged.mean), "n": judged.n},
    )
    found = queries.operating_point(uow.session, version_id)
    assert found is not None  # noqa: S101 - it was just written
    return found


def _not_frozen(uow: UnitOfWork, version: Version) -> None:
    if queries.operating_point(uow.session, version.id) is not None:
        raise Conflict(
            "threshold.frozen",
            N_("The threshold of version {number} is frozen: the untouched rows have been looked at."),
            fix=N_("Register a new version, evaluated on new rows."),
            number=version.number,
        )


def _some_volume(monthly_rows: int) -> None:
    if monthly_rows < 1:
        raise Invalid(
            "threshold.volume",
            N_("A promise needs the number of decisions in a month."),
            field="monthly_rows",
        )


def keep_promise(uow: UnitOfWork, request_id: str, version_id: str) -> Promise | None:
    """Store what a version is approved to be worth, as part of its approval; none where no threshold is frozen."""
    require(uow.actor, Permission.DECIDE_RELEASE)
    point = queries.operating_point(uow.session, version_id)
    if point is None or uow.session.get(PromiseRow, request_id) is not None:
        return None
    matrix = queries.matrix(uow.session, point.matrix_id)
    value, low, high = expected(point.bands, point.deviation, point.judged.n, point.monthly_rows)
    uow.session.add(
        PromiseRow(
            request_id=request_id, version_id=version_id, use_case_id=matrix.use_case_id, matrix_id=matrix.id,
            currency=matrix.currency, threshold=point.threshold, monthly_rows=point.monthly_rows, value=str(value),
            low=str(low), high=str(high), bands=[[one.share, one.mean] for one in point.bands], made_at=uow.now,
        )
    )  # fmt: skip
    uow.session.flush()
    jobs.enqueue(uow, FOLLOW_JOB, "version", version_id, {"version_id": version_id})
    return queries.promise(uow.session, request_id)


def store_months(uow: UnitOfWork, request_id: str, found: Sequence[tuple[Month, str]]) -> None:
    """Keep what months realised of a promise. Bookkeeping of the worker: no event of its own."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    if uow.actor.kind != "system":
        raise Refused("worth.worker", N_("Only the worker counts what a promise came to."))
    held: dict[date, PromiseMonthRow] = {
        row.start: row
        for row in uow.session.exec(select(PromiseMonthRow).where(PromiseMonthRow.request_id == request_id))
    }
    for month, parts in found:
        old = held.get(month.start)
        if old is not None:
            uow.session.delete(old)
            uow.session.flush()
        uow.session.add(
            PromiseMonthRow(
                request_id=request_id, start=month.start, promised=str(month.promised), rows=month.rows,
                labelled=month.labelled,
                value=str(month.value), low=None if month.low is None else str(month.low),
                high=None if month.high is None else str(month.high), waiting=str(month.gap.waiting),
                volume=str(month.gap.volume), mix=str(month.gap.mix), quality=str(month.gap.quality), parts=parts,
                observed_at=uow.now,
            )
        )  # fmt: skip
