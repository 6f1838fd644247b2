"""What the server's process keeps in memory: only what it still needs once it has started."""

import contextlib
import ctypes
import gc
import re
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

WARM = ("pyarrow", "streamlit.proto.BackMsg_pb2", "streamlit.proto.ForwardMsg_pb2")
"""Loaded before the first visitor, and before the collector is told to leave alone what is there."""
_M_ARENA_MAX = -8
_MADV_DONTNEED = 4
_LIBRARY = re.compile(r"^/.*\.so(\.[0-9.]+)?$")


def spare() -> None:
    """Keep what pages have used from lying idle in pools: 30 MB after a tour of every page (measured)."""
    import pyarrow as pa  # noqa: PLC0415 - only a process that serves does this

    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(OSError, AttributeError):  # another C library has no mallopt
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def settle() -> None:
    """Load what every page needs, then leave it alone: the collector does not look again, idle code goes."""
    for module in WARM:
        import_module(module)
    _freeze()
    give_back_code()


def give_back_code() -> int:
    """Unmap pages of libraries that only importing has touched; return how many kB. Whatever runs again comes back.

    Most code of a large library runs once, while it is imported: 60 of 220 MB at the start. The pages are clean copies
    of files, so that nothing is lost and the next use costs a fault from the page cache. Linux only.
    """
    freed = 0
    with contextlib.suppress(OSError, AttributeError, ValueError):
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, end, resident in _clean_mappings(Path("/proc/self/smaps").read_text()):
            if advise(start, end - start, _MADV_DONTNEED) == 0:
                freed += resident
    return freed


def _clean_mappings(smaps: str) -> list[tuple[int, int, int]]:
    """Return (start, end, resident kB) of libraries' mappings that nobody may write and no page of which was changed.

    Of libraries only, which a process keeps until it ends: another file could be unmapped meanwhile, and its addresses
    be somebody's memory by then.
    """
    found: list[tuple[int, int, int]] = []
    head: list[str] = []
    resident = 0
    for line in smaps.splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            head = words
        elif words[0] == "Rss:":
            resident = int(words[1])
        elif words[0] == "Anonymous:" and words[1] == "0" and resident:
            rights, name = head[1], " ".join(head[5:])
            if rights[:2] == "r-" and rights[3] == "p" and _LIBRARY.search(name):
                start, end = (int(part, 16) for part in head[0].split("-"))
                found.append((start, end, resident))
    return found


def _freeze() -> None:
    """What is loaded by now lives as long as the process."""
    gc.collect()
    gc.freeze()


class OnFirstCall:
    """An application that is built when it is first asked: who only looks at pages never loads the REST interface."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._built: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, once built; whoever asks meanwhile waits."""
        built = self._built
        if built is None:
            built = await to_thread.run_sync(self._make)
        await built(scope, receive, send)

    def _make(self) -> ASGIApp:
        with self._lock:
            made = self._built
            if made is None:
                self._built = made = self._build()
                _freeze()
            return made
