"""What the installation is made of and how it does: for the Settings page."""

import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import make_url

from app.wiring import store
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Worker
from core.platform.jobs.state import JobState
from core.platform.store import migrate


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """Facts of this moment; sizes in bytes, `revision` of the tables, `files_size` none for a remote store."""

    now: datetime
    engine: str
    revision: str
    current: bool
    storage: str
    rows_size: int | None
    files_size: int | None
    files_count: int | None
    disk_free: int
    workers: tuple[Worker, ...]
    jobs: dict[JobState, int]


def system_health() -> SystemHealth:
    """Read the facts; the files are counted at most once a minute."""
    here = store()
    now = here.clock()
    settings = here.settings
    local = Path(settings.storage) if "://" not in settings.storage else None
    database = settings.folder_path / "aval.db"
    with here.reading() as view:
        workers = tuple(jobs.alive(view, now))
        counts = jobs.counts(view)
    measured = _measure(local, int(time.monotonic() // 60)) if local else None
    return SystemHealth(
        now=now,
        engine={"sqlite": "SQLite", "postgresql": "PostgreSQL"}[
            make_url(settings.database).get_backend_name()
        ],
        revision=migrate.newest() or "",
        current=migrate.is_current(here.engine),
        storage=settings.storage.split("://")[0] if local is None else "",
        rows_size=database.stat().st_size if not settings.database_url else None,
        files_size=measured[0] if measured else None,
        files_count=measured[1] if measured else None,
        disk_free=shutil.disk_usage(settings.folder_path).free,
        workers=workers,
        jobs=counts,
    )


@lru_cache(maxsize=2)
def _measure(folder: Path, _minute: int) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(sizes), len(sizes)
