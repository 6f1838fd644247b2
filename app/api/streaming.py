"""Take a request's body to the store: chunk by chunk, hashed on the way, never whole in memory."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.clock import Clock
from core.errors import Invalid, TooLarge, TooMany
from core.i18n import N_
from core.platform.store import Files, StoredFile

AT_ONCE = 2
PER_HOUR = 10
HOUR = timedelta(hours=1)
HOP = 1 << 20
"""Bytes gathered before the thread that hashes and writes is asked: a hop costs more than a network chunk."""


class Turns:
    """How many uploads one person may have under way and begin per hour; each purpose counts by itself.

    Kept in this process: the server is one, and a restart may forgive.
    """

    def __init__(self, clock: Clock, *, at_once: int = AT_ONCE, per_hour: int = PER_HOUR) -> None:
        self._clock = clock
        self._at_once = at_once
        self._per_hour = per_hour
        self._under_way: dict[str, int] = {}
        self._begun: dict[tuple[str, str], deque[datetime]] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, who: str, purpose: str) -> Iterator[None]:
        """Hold one of the person's places while the body arrives. Raise `TooMany`."""
        self._begin(who, purpose)
        try:
            yield
        finally:
            with self._lock:
                self._under_way[who] -= 1
                if not self._under_way[who]:
                    del self._under_way[who]

    def _begin(self, who: str, purpose: str) -> None:
        now = self._clock()
        with self._lock:
            begun = self._begun.setdefault((who, purpose), deque())
            while begun and now - begun[0] >= HOUR:
                begun.popleft()
            if self._under_way.get(who, 0) >= self._at_once:
                raise TooMany(
                    "upload.at_once",
                    N_("You have {n} uploads under way already."),
                    fix=N_("Wait until one of them has ended."),
                    n=self._at_once,
                )
            if len(begun) >= self._per_hour:
                raise TooMany(
                    "upload.per_hour",
                    N_("You have begun {n} uploads within an hour."),
                    fix=N_("Try again in {minutes} minutes."),
                    n=self._per_hour,
                    minutes=1 + int((begun[0] + HOUR - now).total_seconds()) // 60,
                )
            begun.append(now)
            self._under_way[who] = self._under_way.get(who, 0) + 1


async def receive(
    request: Request, files: Files, limit: int, *, examine: Callable[[Path], None] | None = None
) -> StoredFile:
    """Store the body and return its digest and size in bytes.

    `examine` looks at the whole file before it is kept. Raises `TooLarge` past `limit`, `Invalid` for an empty or
    broken-off body, and what `examine` raises; then nothing is kept.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(
            "file.too_large",
            N_("The file is larger than the limit of {limit} MiB."),
            fix=N_("Send a smaller file, or ask the administrator to raise AVAL_UPLOAD_MIB."),
            limit=limit >> 20,
        )
    with files.writer(limit) as writer:
        gathered = bytearray()
        try:
            async for chunk in request.stream():
                gathered += chunk
                if len(gathered) >= HOP:
                    await run_in_threadpool(writer.write, bytes(gathered))
                    gathered.clear()
        except ClientDisconnect as broken:
            raise Invalid(
                "upload.broken_off",
                N_("The connection broke before the file was whole; nothing was kept."),
                fix=N_("Send the file again."),
            ) from broken
        if gathered:
            await run_in_threadpool(writer.write, bytes(gathered))
        if not writer.size:
            raise Invalid(
                "upload.empty", N_("The file is empty."), fix=N_("Send the file as the request's body.")
            )
        if examine is not None:
            await run_in_threadpool(examine, writer.path)
        return await run_in_threadpool(writer.finish)
