"""Reading of robustness reports."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core.evidence.robustness.report import Report, from_json
from core.evidence.robustness.tables import RobustnessRow
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

JOB_KIND = "robustness.shake"
SUBJECT_KIND = "version"


@dataclass(frozen=True, slots=True)
class Shaken:
    """The stored report of a version."""

    version_id: str
    report: Report
    created_at: datetime


def shaken(session: Session, version_id: str) -> Shaken | None:
    """Return the report of a version, or none before it is made."""
    row = session.get(RobustnessRow, version_id)
    return None if row is None else Shaken(row.version_id, from_json(row.body), row.created_at)


def made(session: Session, version_ids: Collection[str]) -> dict[str, datetime]:
    """Return when the report of each of these versions was made; those without one are left out."""
    query = select(RobustnessRow.version_id, RobustnessRow.created_at).where(
        col(RobustnessRow.version_id).in_(version_ids)
    )
    return dict(session.exec(query).all())


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that shakes this version."""
    return jobs.latest(session, SUBJECT_KIND, version_id, JOB_KIND)
