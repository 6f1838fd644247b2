"""The worker process: takes jobs from the queue, and takes back what dead workers left."""

import logging
import os
import signal
import threading
import time

import psutil

from app.wiring import open_store
from core.decisions.releases import work as releases
from core.evidence.monitoring import tidying
from core.ids import new_id
from core.overview.decision_log import work as decision_log
from core.overview.inbox import work as inbox
from core.platform.audit import work as audit
from core.platform.jobs import commands, queries
from core.platform.jobs.handling import run
from core.platform.jobs.queue import Queue
from core.platform.notices import work as notices
from core.platform.store import SYSTEM, Store
from core.settings import Settings

log = logging.getLogger("aval.worker")
SWEEP_SECONDS = 3.0


def work(settings: Settings, *, parent: int | None = None) -> None:
    """Run until a signal, or until process `parent` is gone.

    The isolated runner starts before the database opens, so that its helper holds no connection and no secret.
    """
    from app.wiring import handlers, start_runner  # noqa: PLC0415 - the runner's libraries load in the worker only
    from core.assets.intake.doctor import self_test  # noqa: PLC0415

    runner = start_runner(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = new_id("worker")
    store = open_store(settings)
    table = handlers(runner)
    queue = Queue(settings, lambda job_id: run(store, table, job_id, worker))
    threading.Thread(
        target=_watch, args=(store, queue, worker, runner.level, parent, stop), name="sweep", daemon=True
    ).start()
    courier = threading.Thread(target=notices.carry, args=(store, stop), name="courier", daemon=True)
    courier.start()
    follower = threading.Thread(target=decision_log.keep, args=(store, stop), name="search", daemon=True)
    follower.start()
    teller = threading.Thread(target=inbox.keep, args=(store, stop), name="inbox", daemon=True)
    teller.start()
    log.info("worker %s ready, isolation: %s", worker, runner.level)
    if open_ways := self_test(runner):
        log.warning("the isolated runner does not hold: %s (see `aval doctor`)", ", ".join(open_ways))
    try:
        queue.consume(stop)
    finally:
        runner.stop()
        courier.join(5)
        follower.join(5)
        teller.join(5)
        store.close()


def _watch(
    store: Store, queue: Queue, worker: str, isolation: str, parent: int | None, stop: threading.Event
) -> None:
    process = psutil.Process()
    announced: dict[str, float] = {}
    releases_at = 0.0
    logs_at = time.monotonic()  # a server that has just begun has more urgent work
    tidied: dict[str, float] = {}
    while not stop.is_set():
        if parent is not None and os.getppid() != parent:
            log.warning("the server is gone; this worker ends")
            stop.set()
            return
        try:
            with store.unit_of_work(SYSTEM) as uow:
                commands.sign_of_life(
                    uow, worker, isolation=isolation, memory_mb=process.memory_info().rss >> 20
                )
                commands.sweep(uow)
            _announce_forgotten(store, queue, announced)
            if time.monotonic() - releases_at >= releases.SWEEP_SECONDS:
                releases_at = time.monotonic()
                releases.sweep(store)
            if time.monotonic() - logs_at >= tidying.SWEEP_SECONDS:
                logs_at = time.monotonic()
                tidying.sweep(store, tidied, logs_at)
            if audit.due(store):
                audit.seal(store)
        except Exception:
            log.warning("sweep failed; it is tried again", exc_info=True)
        stop.wait(SWEEP_SECONDS)


def _announce_forgotten(store: Store, queue: Queue, announced: dict[str, float]) -> None:
    now = time.monotonic()
    with store.reading() as session:
        waiting = queries.waiting(session)
    for job_id in waiting:
        if now - announced.get(job_id, 0.0) > 30.0:
            announced[job_id] = now
            queue.announce(job_id)
    for gone in set(announced) - set(waiting):
        del announced[gone]
