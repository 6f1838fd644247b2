"""A lock that is fair: threads are let in, in the order in which they came."""

import threading
from collections import deque
from types import TracebackType


class Turn:
    """SQLite has one writer, and its busy handler sleeps and starves; threads of one process queue here instead."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._gate:
            if self._holder is None:
                self._holder = me
                return
            if self._holder == me:
                msg = "this thread has a unit of work open: end it before beginning another"
                raise RuntimeError(msg)
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        ticket.acquire()
        self._holder = me

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._gate:
            if self._waiting:
                self._holder = -1
                self._waiting.popleft().release()
            else:
                self._holder = None
