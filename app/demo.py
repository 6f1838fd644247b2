"""Build the demo organisation: through the same commands as everyone else, in the order in which it happened.

Each part first asks the store whether it is done, so that a run that was cut off goes on where it stopped. The
store's clock is turned to the moment of each part: decisions lie in the eighteen months before today.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from app.demo_scene import DemoClock, Scene
from app.demo_story import story
from app.wiring import open_store, start_runner
from core.clock import system
from core.i18n import _, number
from core.platform.access import commands as access
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings

Say = Callable[[str], None]
STORY = timedelta(days=550)
"""The house is claimed that long before the day on which the story ends."""


def seed(settings: Settings, *, say: Say) -> None:
    """Make the demo organisation in the folder of `settings`, telling `say` of each part.

    Raise `Conflict` where the store there is not the demo's.
    """
    begin = time.perf_counter()
    runner = start_runner(settings)
    clock = DemoClock(system() - STORY)
    store = open_store(settings, clock=clock, announce=lambda _job: None)
    try:
        upgrade(store.engine)
        end = _end_of_story(store, clock)
        with tempfile.TemporaryDirectory(prefix="aval-demo-") as folder:
            scene = Scene(store, clock, end, Path(folder), runner)
            parts = story(scene)
            for n, part in enumerate(parts, 1):
                say(f"{n:>3}/{len(parts)}  {_(part.text)}")
                part.happen()
        say(_("The demo is ready after {seconds} s.", seconds=number(time.perf_counter() - begin, 1)))
    finally:
        runner.stop()
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
