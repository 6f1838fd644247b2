"""The states of a job, and when one may be taken up again."""

from datetime import datetime, timedelta
from enum import StrEnum

HEARTBEAT = timedelta(seconds=2)
LOST_AFTER = timedelta(seconds=12)
MOST_ATTEMPTS = 3


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def is_lost(state: JobState, heartbeat: datetime | None, now: datetime) -> bool:
    """Say whether a running job's worker has been silent too long."""
    return state is JobState.RUNNING and (heartbeat is None or now - heartbeat > LOST_AFTER)


def after_loss(attempts: int) -> JobState:
    """A lost job is queued again until it has taken its worker down too often."""
    return JobState.QUEUED if attempts < MOST_ATTEMPTS else JobState.FAILED
