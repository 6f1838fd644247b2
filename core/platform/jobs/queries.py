"""Read jobs and workers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from core.errors import AvalError, NotFound, restore
from core.i18n import N_
from core.platform.jobs.state import JobState
from core.platform.jobs.tables import JobRow, WorkerRow


@dataclass(frozen=True, slots=True)
class Job:
    """A job as pages show it; `message` is a catalogue key, `progress` a share of one."""

    id: str
    kind: str
    subject_kind: str
    subject_id: str
    state: JobState
    progress: float
    message: str
    problem: AvalError | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def over(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker's last sign of life, its runner's isolation and its memory in MiB."""

    id: str
    seen_at: datetime
    isolation: str
    memory_mb: int


def job(session: Session, job_id: str) -> Job:
    """Return one job. Raise `NotFound`."""
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFound("job.unknown", N_("There is no job {id}."), id=job_id)
    return _read(row)


def latest(session: Session, subject_kind: str, subject_id: str, kind: str | None = None) -> Job | None:
    """Return the newest job about a subject, or none."""
    query = (
        select(JobRow)
        .where(JobRow.subject_kind == subject_kind, JobRow.subject_id == subject_id)
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
        .limit(1)
    )
    if kind is not None:
        query = query.where(JobRow.kind == kind)
    row = session.exec(query).first()
    return None if row is None else _read(row)


def waiting(session: Session) -> list[str]:
    """Return the ids of queued jobs, oldest first."""
    return list(
        session.exec(
            select(JobRow.id).where(JobRow.state == JobState.QUEUED).order_by(col(JobRow.created_at))
        )
    )


def counts(session: Session) -> dict[JobState, int]:
    """Return how many jobs stand in each state."""
    found = dict(session.exec(select(JobRow.state, func.count()).group_by(JobRow.state)).all())
    return {state: found.get(state.value, 0) for state in JobState}


def workers(session: Session, since: datetime) -> list[Worker]:
    """Return the workers seen after `since`."""
    rows = session.exec(select(WorkerRow).where(col(WorkerRow.seen_at) > since).order_by(WorkerRow.id))
    return [Worker(r.id, r.seen_at, r.isolation, r.memory_mb) for r in rows]


def alive(session: Session, now: datetime) -> list[Worker]:
    """Return the workers that have spoken within the last half minute."""
    return workers(session, now - timedelta(seconds=30))


def _read(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        state=JobState(row.state),
        progress=row.progress,
        message=row.message,
        problem=None if row.problem is None else restore(row.problem),
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
