"""Write jobs: the outbox row with the change that asked for it, then bookkeeping by the worker.

`enqueue` is part of another command and has no audit event of its own; claim, beat and finish are bookkeeping.
"""

from collections.abc import Mapping

from sqlmodel import col, select

from core.errors import AvalError, Unavailable, preserve
from core.i18n import N_
from core.ids import new_id
from core.platform.jobs.state import JobState, after_loss, is_lost
from core.platform.jobs.tables import JobRow, WorkerRow
from core.platform.store import Actor, Json, UnitOfWork

LOST = Unavailable(
    "job.lost",
    N_("The process that did this work ended three times before it was done."),
    fix=N_("The work may need more memory than this machine has; the server's log has the details."),
)


def enqueue(
    uow: UnitOfWork, kind: str, subject_kind: str, subject_id: str, payload: Mapping[str, Json] | None = None
) -> str:
    """Write the job in this transaction and return its id; the queue hears of it once it is committed."""
    job_id = new_id("job")
    uow.session.add(
        JobRow(
            id=job_id,
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            payload=dict(payload or {}),
            state=JobState.QUEUED,
            actor_id=uow.actor.id,
            actor_kind=uow.actor.kind,
            actor_roles=sorted(uow.actor.roles),
            created_at=uow.now,
        )
    )
    uow.after_commit(lambda: uow.announce(job_id))
    return job_id


def claim(uow: UnitOfWork, job_id: str, worker: str) -> tuple[str, Mapping[str, Json], Actor] | None:
    """Take a queued job: return its kind, payload and the actor who asked; none when another worker has it."""
    row = uow.session.exec(select(JobRow).where(JobRow.id == job_id).with_for_update()).first()
    if row is None or row.state != JobState.QUEUED:
        return None
    row.state = JobState.RUNNING
    row.worker = worker
    row.attempts += 1
    row.started_at = row.started_at or uow.now
    row.heartbeat_at = uow.now
    actor = Actor(row.actor_id, row.actor_kind, frozenset(row.actor_roles), via="job")  # type: ignore[arg-type]
    return row.kind, row.payload, actor


def beat(uow: UnitOfWork, job_id: str) -> None:
    """Say that the job's worker lives."""
    row = uow.session.get(JobRow, job_id)
    if row is not None and row.state == JobState.RUNNING:
        row.heartbeat_at = uow.now


def advance(uow: UnitOfWork, job_id: str, progress: float, message: str) -> None:
    """Store how far the job has come, and what it is doing."""
    row = uow.session.get(JobRow, job_id)
    if row is not None:
        row.progress = min(max(progress, 0.0), 1.0)
        row.message = message
        row.heartbeat_at = uow.now


def finish(uow: UnitOfWork, job_id: str, problem: AvalError | None = None) -> None:
    """End the job: done, or failed with what a person may be told."""
    row = uow.session.get(JobRow, job_id)
    if row is None:
        return
    row.state = JobState.DONE if problem is None else JobState.FAILED
    row.progress = 1.0 if problem is None else row.progress
    row.problem = None if problem is None else preserve(problem)
    row.finished_at = uow.now


def retry(uow: UnitOfWork, job_id: str) -> None:
    """Queue a job again after an error that may pass."""
    row = uow.session.get(JobRow, job_id)
    if row is not None:
        row.state = JobState.QUEUED


def sweep(uow: UnitOfWork) -> list[str]:
    """Take lost jobs back: queue them again, or fail them after too many attempts. Return the ids queued."""
    queued = []
    running = (
        select(JobRow).where(JobRow.state == JobState.RUNNING).order_by(col(JobRow.id)).with_for_update()
    )
    for row in uow.session.exec(running):
        if not is_lost(JobState(row.state), row.heartbeat_at, uow.now):
            continue
        row.state = after_loss(row.attempts)
        if row.state == JobState.QUEUED:
            queued.append(row.id)
        else:
            row.problem = preserve(LOST)
            row.finished_at = uow.now
    return queued


def sign_of_life(uow: UnitOfWork, worker: str, *, isolation: str, memory_mb: int) -> None:
    """Note that a worker lives."""
    uow.session.merge(WorkerRow(id=worker, seen_at=uow.now, isolation=isolation, memory_mb=memory_mb))


def forget_payloads(uow: UnitOfWork, subject_kind: str, subject_id: str) -> int:
    """Empty what finished jobs about a subject were asked; part of an erasure, which has the event."""
    rows = uow.session.exec(
        select(JobRow).where(JobRow.subject_kind == subject_kind, JobRow.subject_id == subject_id)
    ).all()
    over = [row for row in rows if row.state in {JobState.DONE, JobState.FAILED}]
    for row in over:
        row.payload = {}
        uow.session.add(row)
    return len(over)
