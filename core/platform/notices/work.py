"""The courier: one thread of the worker that carries messages out, many at a time, none waiting behind an evaluation.

It is no job of the queue: a worker runs one job after another, a job knows no "not before", and whoever deploys must hear
of a suspension while a large model is being evaluated. The outbox rows are as durable as jobs are.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from core.platform.notices import carrying, queries, sending
from core.platform.notices.address import Network, networks
from core.platform.notices.carrying import Parcel
from core.platform.notices.delivery import Knock
from core.platform.notices.smtp import Office, office
from core.platform.store import SYSTEM, Store

log = logging.getLogger("aval.notices")
HANDS = 16
TICK_SECONDS = 1.0
FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Ways:
    """Where messages may go: private networks that are allowed, and the mail server."""

    networks: Sequence[Network]
    office: Office | None


def carry(store: Store, stop: threading.Event) -> None:
    """Carry messages until `stop` is set; an error is logged and tried again."""
    asyncio.run(_carry(store, stop))


def carry_waiting(store: Store, *, most: int = HANDS) -> int:
    """Carry what is due now, once, in this process; return how many knocks there were."""

    async def round_() -> int:
        ways = _ways(store)
        parcels = await asyncio.to_thread(_claim, store, most)
        await asyncio.gather(*(_one(store, parcel, ways) for parcel in parcels))
        return len(parcels)

    return asyncio.run(round_())


async def _carry(store: Store, stop: threading.Event) -> None:
    ways = _ways(store)
    carrying_now: set[asyncio.Task[None]] = set()
    ticks = 0
    while not stop.is_set():
        try:
            if len(carrying_now) < HANDS and await asyncio.to_thread(_due, store):
                for parcel in await asyncio.to_thread(_claim, store, HANDS - len(carrying_now)):
                    task = asyncio.create_task(_one(store, parcel, ways))
                    carrying_now.add(task)
                    task.add_done_callback(carrying_now.discard)
            if ticks % int(FORGET_SECONDS / TICK_SECONDS) == 0:
                await asyncio.to_thread(_forget, store)
        except Exception:
            log.warning("the courier stumbled; it goes on", exc_info=True)
        ticks += 1
        await asyncio.to_thread(stop.wait, TICK_SECONDS)
    if carrying_now:
        await asyncio.wait(carrying_now, timeout=sending.WHOLE_SECONDS)


async def _one(store: Store, parcel: Parcel, ways: Ways) -> None:
    try:
        knock = await sending.knock(
            parcel, ways.networks, store.clock(), root=store.settings.public_url, office=ways.office
        )
        await asyncio.to_thread(_keep, store, parcel, knock)
    except Exception:
        log.exception("delivery %s: its lease runs out, then it is tried again", parcel.delivery_id)
        return
    if not knock.arrived:
        log.info("delivery %s, attempt %d: %s", parcel.delivery_id, parcel.attempt, knock.problem)


def _ways(store: Store) -> Ways:
    return Ways(networks(store.settings.webhook_networks), office(store.settings))


def _due(store: Store) -> bool:
    with store.reading() as session:
        return queries.anything_due(session, store.clock())


def _claim(store: Store, most: int) -> list[Parcel]:
    with store.unit_of_work(SYSTEM) as uow:
        return carrying.claim(uow, most)


def _keep(store: Store, parcel: Parcel, knock: Knock) -> None:
    with store.unit_of_work(SYSTEM) as uow:
        carrying.keep(uow, parcel, knock, random.random())  # noqa: S311 - jitter, no secret


def _forget(store: Store) -> None:
    with store.unit_of_work(SYSTEM) as uow:
        carrying.forget(uow)
