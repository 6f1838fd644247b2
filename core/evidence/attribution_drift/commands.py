"""Ask for attribution drift and store it."""

from collections.abc import Sequence

from sqlmodel import col, delete

from core.assets.registry import queries as registry
from core.errors import Conflict
from core.evidence.attribution_drift import queries
from core.evidence.attribution_drift.shift import Month
from core.evidence.attribution_drift.tables import AttributionMonthRow
from core.evidence.explain import queries as explanations
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork


def request_months(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that explains rows of the log, month by month; return its id, of the running one where there is one.

    Raise `Refused`, `NotFound`, and `Conflict` for a version without an explanation.
    """
    require(uow.actor, Permission.RUN_EXPLANATION)
    version = registry.version(uow.session, version_id)
    if explanations.explanation(uow.session, version.id) is None:
        raise Conflict(
            "explanation.none",
            N_("This version is not explained yet."),
            fix=N_("Explain it first: the months of the log are held against its evaluation data."),
        )
    running = queries.job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = _enqueue(uow, version_id, over=False)
    uow.record("attribution_drift.requested", "version", version_id, {"job": job_id})
    return job_id


def follow_for(uow: UnitOfWork, version_id: str) -> None:
    """Have months that are over measured, as a part of another command; nothing where all of them are."""
    explanation = explanations.explanation(uow.session, version_id)
    if explanation is None or not queries.stale(uow.session, explanation, over=True):
        return
    running = queries.job(uow.session, version_id)
    if running is None or running.over:
        _enqueue(uow, version_id, over=True)


def store(uow: UnitOfWork, version_id: str, values_digest: str, months: Sequence[Month]) -> None:
    """Keep months; what is held against an earlier explanation goes."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    uow.session.execute(
        delete(AttributionMonthRow).where(
            col(AttributionMonthRow.version_id) == version_id,
            col(AttributionMonthRow.values_digest) != values_digest,
        )
    )
    for month in months:
        uow.session.merge(
            AttributionMonthRow(
                version_id=version_id,
                start=month.start,
                values_digest=values_digest,
                rows=month.rows,
                body=month.to_json(),
                created_at=uow.now,
            )
        )
    moved: list[str] = sorted({one.feature for month in months for one in month.moved})
    uow.record(
        "attribution_drift.measured",
        "version",
        version_id,
        {"months": len(months), "values": values_digest, "moved": list(moved)},
    )


def _enqueue(uow: UnitOfWork, version_id: str, *, over: bool) -> str:
    payload: dict[str, Json] = {"version_id": version_id, "over": over}
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, version_id, payload)
