"""Build the demo organisation: through the same commands as everyone else, in the order in which it happened.

Each part first asks the store whether it is done, so that a run that was cut off goes on where it stopped. The
store's clock is turned to the moment of each part: decisions lie in the eighteen months before today.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import IO

from app.demo_clock import DemoClock
from app.wiring import open_store, start_runner
from core.clock import system
from core.i18n import _, number
from core.overview.inbox import work as inbox
from core.platform.access import commands as access
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings

if sys.platform != "win32":
    import fcntl

EDITION = "5"
"""Raise it when the story changes: a demo of an older edition is carried on to the new end."""
Say = Callable[[str], None]
NEWS = timedelta(days=21)
"""What happened since is told to the people whom it concerns."""
STORY = timedelta(days=550)
"""The house is claimed that long before the day on which the story ends."""


def seed(settings: Settings, *, say: Say) -> None:
    """Make the demo organisation in the folder of `settings`, telling `say` of each part.

    Raise `Conflict` where the store there is not the demo's.
    """
    if is_seeded(settings):
        say(_("The demo is in {folder}.", folder=settings.folder))
        return
    settings.folder_path.mkdir(parents=True, exist_ok=True)
    with (settings.folder_path / "seeding.lock").open("w") as lock:
        if not _locked(lock):
            say(_("Another process builds the demo in this folder; waiting for it."))
            _locked(lock, wait=True)
        if not is_seeded(settings):
            _only_ours(settings)
            _build(settings, say)


def _build(settings: Settings, say: Say) -> None:
    begin = time.perf_counter()
    say(_("Building the demo organisation in {folder}, once.", folder=settings.folder))
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(start_runner, settings)  # imports of its own, on the other core
        from app.demo_scene import Scene  # noqa: PLC0415 - a second start needs none of it
        from app.demo_story import story  # noqa: PLC0415
    runner = starting.result()
    clock = DemoClock(system() - STORY)
    store = open_store(settings, clock=clock, announce=lambda _job: None)
    try:
        upgrade(store.engine)
        end = _end_of_story(store, clock)
        with tempfile.TemporaryDirectory(prefix="aval-demo-") as folder:
            parts = story(Scene(store, clock, end, Path(folder), runner))
            for n, part in enumerate(parts, 1):
                say(f"{n:>3}/{len(parts)}  {_(part.text)}")
                part.happen()
        inbox.begin(store, end - NEWS)
        _mark(settings).write_text(EDITION)
        say(_("The demo is ready after {seconds} s.", seconds=number(time.perf_counter() - begin, 1)))
    finally:
        runner.stop()
        store.close()


def is_seeded(settings: Settings) -> bool:
    """Say whether the story has been told to its end in the folder of `settings`."""
    mark = _mark(settings)
    return mark.exists() and mark.read_text() == EDITION and (settings.folder_path / "aval.db").exists()


def _locked(lock: IO[str], *, wait: bool = False) -> bool:
    """Take the lock, which dies with its process; a system without such locks trusts its user."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _mark(settings: Settings) -> Path:
    return settings.folder_path / "demo.seeded"


def _only_ours(settings: Settings) -> None:
    """Look before anything is started: a store of one's own is left alone."""
    if not (settings.folder_path / "aval.db").exists():
        return
    store = open_store(settings, announce=lambda _job: None)
    try:
        upgrade(store.engine)
        with store.unit_of_work(SYSTEM) as uow:
            access.claim_house(uow, "demo")
    finally:
        store.close()


def _end_of_story(store: Store, clock: DemoClock) -> datetime:
    """Midnight after which nothing happened yet: fixed by the log's first event, also for a run carried on."""
    with store.reading() as view:
        first = audit.event(view, 0)
        last = audit.events(view, limit=1)
    if first is None:
        clock.turn(_midnight(system()) - STORY)
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "demo")
    if last:
        clock.turn(last[0].time)
    with store.reading() as view:
        first = audit.event(view, 0)
    if first is None:
        raise RuntimeError("claiming a house leaves an event")
    return _midnight(first.time) + STORY


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), clock_time(), UTC)
