"""Reading of error analyses."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.evidence.slices.finding import Found, from_json
from core.evidence.slices.tables import SlicesRow
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

JOB_KIND = "slices.find"
SUBJECT_KIND = "version"


@dataclass(frozen=True, slots=True)
class Analysed:
    """The stored error analysis of a version."""

    version_id: str
    found: Found
    created_at: datetime


def analysed(session: Session, version_id: str) -> Analysed | None:
    """Return the error analysis of a version, or none before it is made."""
    row = session.get(SlicesRow, version_id)
    return None if row is None else Analysed(row.version_id, from_json(row.body), row.created_at)


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that analyses this version."""
    return jobs.latest(session, SUBJECT_KIND, version_id, JOB_KIND)
