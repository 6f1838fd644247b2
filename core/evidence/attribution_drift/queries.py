"""Read attribution drift."""

from datetime import date

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from core.evidence.attribution_drift.shift import Month
from core.evidence.attribution_drift.tables import AttributionMonthRow
from core.evidence.explain.queries import Explanation
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.windows import Grain
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

JOB_KIND = "attribution_drift.measure"
SUBJECT_KIND = "version"


def months(session: Session, explanation: Explanation) -> tuple[Month, ...]:
    """Return the months held against this explanation, oldest first; none where it is another by now."""
    query = select(AttributionMonthRow).where(*_against(explanation)).order_by(col(AttributionMonthRow.start))
    return tuple(Month.from_json(row.body) for row in session.exec(query))


def stale(session: Session, explanation: Explanation, *, over: bool = False) -> dict[date, int]:
    """Return the months with other rows than when they were measured, and how many; `over` leaves the last out."""
    rows = monitoring.summed(monitoring.rows_by_day(session, explanation.version_id), Grain.MONTH)
    if over and rows:
        del rows[max(rows)]
    query = select(col(AttributionMonthRow.start), col(AttributionMonthRow.rows)).where(
        *_against(explanation)
    )
    held = dict(session.exec(query).all())
    return {start: count for start, count in sorted(rows.items()) if held.get(start) != count}


def _against(explanation: Explanation) -> tuple[ColumnElement[bool], ...]:
    return (
        col(AttributionMonthRow.version_id) == explanation.version_id,
        col(AttributionMonthRow.values_digest) == explanation.values_digest,
    )


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that measures this version."""
    return jobs.latest(session, SUBJECT_KIND, version_id, JOB_KIND)
