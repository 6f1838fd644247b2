"""Keeps the worker processes alive beside the server, and takes them along when it ends.

Run as a module it is the worker's first second: it ties the process to the server's life, then becomes the worker.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields

from core.settings import Settings

log = logging.getLogger("aval.supervisor")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Starts `count` workers and starts one again when it ends, more slowly each time it fails to stay."""

    def __init__(self, settings: Settings, count: int, *, command: tuple[str, ...] = ("worker",)) -> None:
        self._environment = {**os.environ, **_environment(settings)}
        self._count = count
        self._command = command
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def pids(self) -> list[int]:
        """Return the processes that run now."""
        return [child.pid for child in self._children.values() if child.poll() is None]

    async def start(self) -> None:
        """Begin to keep the workers."""
        self._tasks = [asyncio.create_task(self._keep(number)) for number in range(self._count)]

    async def stop(self) -> None:
        """Ask the workers to end, and end those that do not within ten seconds: their jobs are taken up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        until = time.monotonic() + STOP_SECONDS
        while any(child.poll() is None for child in self._children.values()) and time.monotonic() < until:  # noqa: ASYNC110 - processes have no event to wait for
            await asyncio.sleep(0.05)
        for child in self._children.values():
            if child.poll() is None:
                child.kill()
                child.wait()

    async def _keep(self, number: int) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            # Started from the event loop's own thread on purpose: PDEATHSIG fires when the parent *thread* ends.
            child = self._children[number] = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "app.supervisor", str(os.getpid()), *self._command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
            )
            while child.poll() is None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.25)
            steady = time.monotonic() - began > STEADY_SECONDS
            pause = FIRST_PAUSE if steady else min(pause * 2, LONGEST_PAUSE)
            log.warning(
                "worker %s ended with status %s; another starts in %.1f s", child.pid, child.returncode, pause
            )
            await asyncio.sleep(pause)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"AVAL_{each.name.upper()}": value
        for each in fields(settings)
        if (value := getattr(settings, each.name))
    }


def _become(parent: int, arguments: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    os.execv(sys.executable, [sys.executable, "-m", "app.cli", *arguments, "--parent", str(parent)])  # noqa: S606


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
