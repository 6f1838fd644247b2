"""Run one job: claim, beat while it works, finish. Handlers are registered by `app`."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from core.errors import AvalError, Unavailable
from core.i18n import N_
from core.platform.jobs import commands, queries
from core.platform.jobs.state import HEARTBEAT, MOST_ATTEMPTS
from core.platform.store import SYSTEM, Actor, Json, Store

log = logging.getLogger("aval.jobs")

_SILENT = Unavailable(
    "job.unavailable",
    N_("A part that this work needs does not answer."),
    fix=N_("Try again; the server's log has the details."),
)
_BROKEN = AvalError(
    "job.failed",
    N_("Aval failed to finish this work."),
    fix=N_("Try again; the server's log has the details."),
)


@dataclass(frozen=True)
class JobContext:
    """What a handler is given: the store, the job's payload and in whose name it works."""

    store: Store
    job_id: str
    actor: Actor
    payload: Mapping[str, Json]

    def progress(self, fraction: float, message: str) -> None:
        """Tell pages how far the work has come; `message` is marked with `N_`."""
        with self.store.unit_of_work(SYSTEM) as uow:
            commands.advance(uow, self.job_id, fraction, message)


Handler = Callable[[JobContext], None]


def run(store: Store, handlers: Mapping[str, Handler], job_id: str, worker: str) -> bool:
    """Run a job to its end if it is free; return whether it was.

    An `AvalError` fails the job with its text. `Unavailable` and a lost database are tried again. Anything else fails the
    job with a plain text, and the traceback goes to the log only.
    """
    with store.unit_of_work(SYSTEM) as uow:
        claimed = commands.claim(uow, job_id, worker)
    if claimed is None:
        return False
    kind, payload, actor = claimed
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(store, job_id, stop), name="heartbeat", daemon=True)
    heart.start()
    problem: AvalError | None = None
    again = False
    try:
        handlers[kind](JobContext(store, job_id, actor, payload))
    except (Unavailable, OperationalError) as error:
        log.warning("job %s (%s) meets a part that does not answer", job_id, kind, exc_info=True)
        problem = error if isinstance(error, Unavailable) else _SILENT
        again = _attempts(store, job_id) < MOST_ATTEMPTS
    except AvalError as error:
        problem = error
    except Exception:
        log.exception("job %s (%s) failed", job_id, kind)
        problem = _BROKEN
    finally:
        stop.set()
        heart.join()
    with store.unit_of_work(SYSTEM) as uow:
        if again:
            commands.retry(uow, job_id)
        else:
            commands.finish(uow, job_id, problem)
    return True


def _attempts(store: Store, job_id: str) -> int:
    with store.reading() as session:
        return queries.job(session, job_id).attempts


def _beat(store: Store, job_id: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT.total_seconds()):
        try:
            with store.unit_of_work(SYSTEM) as uow:
                commands.beat(uow, job_id)
        except OperationalError:
            log.warning("no heartbeat for job %s", job_id, exc_info=True)


def run_waiting(store: Store, handlers: Mapping[str, Handler], worker: str = "inline") -> int:
    """Run every queued job in this process, oldest first, until none is left; return how many ran."""
    ran = 0
    while True:
        with store.reading() as session:
            waiting = queries.waiting(session)
        if not waiting:
            return ran
        for job_id in waiting:
            ran += run(store, handlers, job_id, worker)
