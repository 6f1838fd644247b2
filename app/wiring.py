"""The composition root: the one place that knows every part and puts them together."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

from sqlmodel import Session

from core.clock import Clock, system
from core.platform.audit.log import append
from core.platform.jobs.handling import Handler
from core.platform.jobs.queue import Queue
from core.platform.store import Actor, Store, UnitOfWork
from core.settings import Settings

if TYPE_CHECKING:
    from core.assets.intake.runner import Runner

_lock = threading.Lock()


def open_store(
    settings: Settings, *, clock: Clock = system, announce: Callable[[str], None] | None = None
) -> Store:
    """Open the rows and files of an installation, with the log that every command appends to."""
    return Store(settings, append, clock=clock, announce=announce or Queue(settings).announce)


@cache
def _process_store() -> Store:
    return open_store(Settings.from_environment())


def store() -> Store:
    """Return this process's store, opened at first use from the environment."""
    with _lock:
        return _process_store()


def unit_of_work(actor: Actor) -> AbstractContextManager[UnitOfWork]:
    """Begin a command in the name of `actor`."""
    return store().unit_of_work(actor)


def reading() -> AbstractContextManager[Session]:
    """Open a view for queries."""
    return store().reading()


def handlers(runner: "Runner") -> Mapping[str, Handler]:
    """Return what runs each kind of job."""
    _ = runner
    return {}
