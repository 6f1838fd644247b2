"""The queue between commands and workers: Huey, on SQLite or PostgreSQL, with JSON instead of pickle.

The job's row is the truth; the queue only carries its id, and a message lost or doubled does no harm: the worker's sweep
announces forgotten jobs again, and a job is claimed once.
"""

import logging
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from core.settings import Settings

if TYPE_CHECKING:
    from huey import Huey

log = logging.getLogger("aval.jobs")


class Queue:
    """Carries job ids from the process that asked to the one that works."""

    def __init__(self, settings: Settings, work: Callable[[str], object] | None = None) -> None:
        self._settings = settings
        self._work = work

    @property
    def huey(self) -> "Huey":
        """What carries the messages."""
        return self._open[0]

    @cached_property
    def _open(self) -> tuple["Huey", Callable[[str], object]]:
        """The carrier and its one task, opened when first used: it brings PostgreSQL's driver along, 9 MB."""
        from core.platform.jobs.carrier import carrier  # noqa: PLC0415 - few pages need it

        def run_job(job_id: str) -> None:
            if self._work is not None:
                self._work(job_id)

        huey = carrier(self._settings)
        return huey, huey.task(name="run_job")(run_job)

    def announce(self, job_id: str) -> None:
        """Tell the workers of a job; a failure is logged, the sweep makes it good."""
        try:
            self._open[1](job_id)
        except Exception:
            log.warning("job %s could not be announced; the sweep will", job_id, exc_info=True)

    def consume(self, stop: threading.Event) -> None:
        """Work through the queue, one job at a time, until `stop` is set."""
        while not stop.is_set():
            task = self.huey.dequeue()
            if task is None:
                stop.wait(0.1)
            else:
                self.huey.execute(task)
