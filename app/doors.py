"""Who stands behind a cookie or a token: looked up in the store, remembered for three seconds.

A page asks for sixty assets at once; a revocation must hold within five seconds. Nothing but this file caches identity.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime

from anyio import to_thread

from core.platform.access import queries, secrets, ways_in
from core.platform.access.sessions import TOUCH, Open
from core.platform.store import SYSTEM, Actor, Store

REMEMBER_SECONDS = 3.0
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that stands: its id and who it acts as."""

    id: str
    actor: Actor
    used_at: datetime | None


Found = Open | Bearer | None


class Doors:
    """Answers of the store about keys and tokens, by digest; the secrets themselves are not kept."""

    def __init__(self, store: Store, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._ticks = ticks
        self._known: OrderedDict[str, tuple[float, Found]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Found]] = {}

    async def session(self, key: str, *, active: bool) -> Open | None:
        """Return the open session behind a cookie's key; `active` counts as use and keeps it from idling out."""
        digest = secrets.digest(key)
        found = await self._remembered(f"s{digest}", lambda: self._read_session(digest))
        if not isinstance(found, Open):
            return None
        now = self._store.clock()
        if not found.alive(now):
            return None
        if active and found.stale(now):
            found = replace(found, seen_at=now)
            self._remember(f"s{digest}", found)
            await to_thread.run_sync(self._touch_session, found.id)
        return found

    async def bearer(self, text: str) -> Bearer | None:
        """Return who a token acts as, or None."""
        name = f"t{secrets.digest(text)}"
        found = await self._remembered(name, lambda: self._read_bearer(text))
        if not isinstance(found, Bearer):
            return None
        now = self._store.clock()
        if found.used_at is None or now - found.used_at >= TOUCH:
            found = replace(found, used_at=now)
            self._remember(name, found)
            await to_thread.run_sync(self._touch_token, found.id)
        return found

    def forget(self, key: str) -> None:
        """Ask the store again at the next request of this session: it has just been ended."""
        self._known.pop(f"s{secrets.digest(key)}", None)

    async def _remembered(self, name: str, read: Callable[[], Coroutine[None, None, Found]]) -> Found:
        kept = self._known.get(name)
        if kept is not None and self._ticks() - kept[0] < REMEMBER_SECONDS:
            return kept[1]
        task = self._asking.get(name)
        if task is None:
            task = asyncio.create_task(self._ask(name, read()))
            self._asking[name] = task
            task.add_done_callback(lambda _: self._asking.pop(name, None))
        return await asyncio.shield(task)

    async def _ask(self, name: str, answer: Coroutine[None, None, Found]) -> Found:
        began = self._ticks()
        found = await answer
        self._remember(name, found, began)
        return found

    def _remember(self, name: str, found: Found, at: float | None = None) -> None:
        self._known[name] = (self._ticks() if at is None else at, found)
        self._known.move_to_end(name)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    async def _read_session(self, digest: str) -> Found:
        def read() -> Found:
            with self._store.reading() as view:
                return queries.open_session(view, digest, self._store.clock())

        return await to_thread.run_sync(read)

    async def _read_bearer(self, text: str) -> Found:
        def read() -> Found:
            with self._store.reading() as view:
                found = queries.bearer(view, text, self._store.clock())
            return None if found is None else Bearer(*found)

        return await to_thread.run_sync(read)

    def _touch_session(self, session_id: str) -> None:
        with self._store.unit_of_work(SYSTEM) as uow:
            ways_in.touch_session(uow, session_id)

    def _touch_token(self, token_id: str) -> None:
        with self._store.unit_of_work(SYSTEM) as uow:
            ways_in.touch_token(uow, token_id)
