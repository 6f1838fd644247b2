"""The queue between commands and workers: Huey, on SQLite or PostgreSQL, with JSON instead of pickle.

The job's row is the truth; the queue only carries its id, and a message lost or doubled does no harm: the worker's sweep
announces forgotten jobs again, and a job is claimed once.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import cast

from huey import Huey, PostgresHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from core.settings import Settings

log = logging.getLogger("aval.jobs")


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON text: nothing that can run on reading."""

    def _serialize(self, data: object) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> object:
        found = json.loads(data)
        return Message(*found) if isinstance(found, list) else found


class Queue:
    """Carries job ids from the process that asked to the one that works."""

    def __init__(self, settings: Settings, work: Callable[[str], object] | None = None) -> None:
        self.huey = _open(settings)

        def run_job(job_id: str) -> None:
            if work is not None:
                work(job_id)

        self._task = self.huey.task(name="run_job")(run_job)

    def announce(self, job_id: str) -> None:
        """Tell the workers of a job; a failure is logged, the sweep makes it good."""
        try:
            self._task(job_id)
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


def _open(settings: Settings) -> Huey:
    options = {"serializer": JsonSerializer(), "results": False, "utc": True}
    if settings.database_url.startswith("postgres"):
        url = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey("aval", dsn=url, blocking=False, **options)
    settings.folder_path.mkdir(parents=True, exist_ok=True)
    return cast("Huey", SqliteHuey("aval", filename=str(settings.folder_path / "queue.db"), **options))
