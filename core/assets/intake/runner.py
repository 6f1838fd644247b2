"""The isolated runner: every load of a model and every prediction happens in a locked child, one per call."""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from core.assets.intake import cold, failures
from core.assets.intake.answers import Result, receive
from core.assets.intake.isolated.helper import BOOSTERS, THREADS
from core.assets.intake.predictions import Predictions, checked
from core.assets.intake.session import Session

__all__ = ["Predictions", "Result", "Runner", "Session"]

ROOT = Path(__file__).parents[3]
OWN_TASKS = (
    "core.assets.intake.tasks",
    "core.assets.intake.reading",
    "core.assets.intake.isolated.probes",
)
START_SECONDS = 60.0
SESSION_SECONDS = 3600.0
"""Processor time of one session; whoever holds it opens another then."""
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.assets.intake.isolated.helper import main; main()"


class Runner:
    """A helper process and the calls to it; safe to use from several threads.

    `tasks` are modules whose functions may be asked for, imported before any fork. `memory` is bytes for one
    call, `seconds` its wall-clock time, `parallel` how many calls run at once. `libraries` replaces the libraries
    that are imported beforehand and leaves intake's own tasks out. `cold` starts a new interpreter for each call, as
    is done wherever a locked fork is not to be had.
    """

    def __init__(
        self,
        tasks: Sequence[str] = (),
        *,
        memory: int = 4 << 30,
        seconds: float = 120.0,
        parallel: int = 2,
        libraries: Sequence[str] | None = None,
        cold: bool = not sys.platform.startswith("linux"),
    ) -> None:
        self._tasks = tuple(dict.fromkeys((*(OWN_TASKS if libraries is None else ()), *tasks)))
        self._libraries = "-" if libraries is None else ",".join(libraries)
        self._cold = cold
        self.memory = memory
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(parallel)
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._helper: subprocess.Popen[bytes] | None = None
        self._level = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def level(self) -> str:
        """What holds a child: `full` (Landlock and seccomp) or `basic` (limits only)."""
        if not self._level:
            nothing = "core.assets.intake.isolated.probes:nothing"
            self._level = str(self.run(nothing).meta.get("level", "basic"))
        return self._level

    def start(self) -> None:
        """Start the helper and wait until its libraries are imported; does nothing while it lives."""
        if not self._cold:
            with self._lock:
                self._ensure()

    def stop(self) -> None:
        """End the helper and every call in progress."""
        with self._lock:
            self._discard()

    def inspect(self, path: Path, kind: str, *, trusted: Sequence[str] = ()) -> Result:
        """Load the model and say what it is; see `tasks.inspect`."""
        return self.run("core.assets.intake.tasks:inspect", path, kind, trusted=trusted)

    def predict(
        self,
        path: Path,
        kind: str,
        frame: pd.DataFrame,
        *,
        trusted: Sequence[str] = (),
        timeout: float | None = None,
        latency: float = 0.0,
        likeliest: bool = False,
    ) -> Predictions:
        """Load the model and predict each row of `frame`.

        With `likeliest`, the likeliest class stands for what the model would say.
        With `latency`, time single rows for so many seconds, and have the kernel count the memory.
        """
        task = "core.assets.intake.tasks:predict"
        options = {"latency": latency, "likeliest": likeliest}
        result = self.run(
            task,
            path,
            kind,
            {"rows": frame},
            options,
            trusted=trusted,
            timeout=timeout,
            measured=bool(latency),
        )
        return checked(result, len(frame))

    def run(
        self,
        task: str,
        path: Path | None = None,
        kind: str = "",
        frames: Mapping[str, pd.DataFrame] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        trusted: Sequence[str] = (),
        timeout: float | None = None,
        output: Path | None = None,
        most_output: int = 0,
        measured: bool = False,
    ) -> Result:
        """Call `module:function` with (model, frames, options) in a fresh locked child.

        `kind` is a format, or `raw` to hand the open file itself to the task. With `output`, the task finds an open
        file in `options["output"]` that takes up to `most_output` bytes. A `measured` call waits until its process is
        gone and knows its memory. Raise `Invalid` with the codes
        `runner.timeout`, `runner.memory`, `runner.crashed`, `runner.raised`, `runner.library` or `runner.answer`,
        and `Unavailable` when no helper can be started.
        """
        timeout = timeout or self._seconds
        request = self._request(task, kind, options or {}, trusted, timeout)
        request["writes"] = most_output if output else 0
        with self._slots:
            if self._cold:
                return cold.call(request, path, frames or {}, output, self._libraries, self._tasks, timeout)
            return self._call(request, path, frames or {}, output, timeout, measured=measured)

    def open(
        self,
        task: str,
        path: Path,
        kind: str,
        options: Mapping[str, Any] | None = None,
        *,
        trusted: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Session:
        """Load a model once, in a locked child that stays for many tables; `task` is called with `rows` of each.

        A session takes no slot of `parallel`, and may use an hour of processor time. Raise the errors of `run`, and
        `Unavailable` where no locked fork is to be had.
        """
        if self._cold:
            raise failures.unavailable()
        timeout = timeout or self._seconds
        request = {**self._request(task, kind, options or {}, trusted, SESSION_SECONDS), "stays": True}
        answer, theirs = socket.socketpair()
        status, watched = socket.socketpair()
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            message = json.dumps({**request, "frames": {}}).encode()
            self._send(message, [theirs.fileno(), watched.fileno(), file])
        finally:
            os.close(file)
            theirs.close()
            watched.close()
        session = Session(answer, status, self.memory)
        try:
            session.start(timeout)
        except BaseException:
            session.close()
            raise
        return session

    def _request(
        self, task: str, kind: str, options: Mapping[str, Any], trusted: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        if task.partition(":")[0] not in self._tasks:
            raise ValueError(f"{task} is in no module that the runner was given")
        return {
            "task": task,
            "format": kind,
            "options": dict(options),
            "trusted": list(trusted),
            "libraries": _wanted(kind, trusted),
            "memory": self.memory,
            "cpu": int(seconds) + 1,
            "writes": 0,
        }

    def _call(
        self,
        request: dict[str, Any],
        path: Path | None,
        frames: Mapping[str, pd.DataFrame],
        output: Path | None,
        timeout: float,
        *,
        measured: bool,
    ) -> Result:
        answer, theirs = socket.socketpair()
        status, watched = socket.socketpair()
        files: list[int] = []
        try:
            if path is not None:
                files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            request["frames"] = {}
            for name, frame in frames.items():
                request["frames"][name] = len(files)
                files.append(_table(frame))
            if output is not None:
                files.append(os.open(output, os.O_WRONLY | os.O_CLOEXEC))
            self._send(json.dumps(request).encode(), [theirs.fileno(), watched.fileno(), *files])
            # From here on: what a new helper takes to start is no fault of the model's.
            started = time.monotonic()
            theirs.close()
            watched.close()
            return receive(
                answer, status, started, started + timeout, timeout, self.memory, measured=measured
            )
        finally:
            for descriptor in files:
                os.close(descriptor)
            for end in (answer, theirs, status, watched):
                end.close()

    def _send(self, message: bytes, descriptors: Sequence[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                control = self._ensure()
                try:
                    socket.send_fds(control, [message], list(descriptors))
                except OSError:
                    self._discard()
                    if attempt == 2:
                        raise failures.unavailable() from None
                else:
                    return

    def _ensure(self) -> socket.socket:
        if self._control is not None and self._helper is not None and self._helper.poll() is None:
            return self._control
        self._discard()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        # -I: no PYTHON* variables, no user folder, no working directory; the environment holds no secret.
        self._helper = subprocess.Popen(
            [
                *(sys.executable, "-I", "-c", _BOOT, str(ROOT)),
                *(str(theirs.fileno()), self._libraries, *self._tasks),
            ],
            pass_fds=(theirs.fileno(),),
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        ready, _, _ = select.select([ours], [], [], START_SECONDS)
        if not ready or ours.recv(16) != b"ready\n":
            ours.close()
            self._discard()
            raise failures.unavailable()
        self._control = ours
        return ours

    def _discard(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._helper is not None:
            with suppress(ProcessLookupError):
                self._helper.kill()
            self._helper.wait()
            self._helper = None


def _wanted(kind: str, trusted: Sequence[str]) -> list[str]:
    """Return the optional libraries that the file is read with; the helper imports them before it forks."""
    return sorted(BOOSTERS.intersection({kind, *(name.partition(".")[0] for name in trusted)}))


def environment() -> dict[str, str]:
    """Return the environment of the helper: limits on threads and nothing of the server's own."""
    return {
        **THREADS,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LOKY_MAX_CPU_COUNT": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Large pages where the kernel has them: a fork copies fewer tables, which saves five of its milliseconds.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }


def _table(frame: pd.DataFrame) -> int:
    """Return a descriptor of memory that holds the frame as an Arrow stream."""
    descriptor = os.memfd_create("rows", os.MFD_CLOEXEC)
    table = pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)
    with os.fdopen(os.dup(descriptor), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return descriptor
