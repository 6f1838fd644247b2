"""The isolated runner: every load of a model and every prediction happens in a locked child, one per call."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from core.assets.intake.isolated import protocol
from core.assets.intake.isolated.protocol import BadAnswer
from core.errors import AvalError, Invalid, Unavailable
from core.i18n import N_

ROOT = Path(__file__).parents[3]
OWN_TASKS = ("core.assets.intake.tasks", "core.assets.intake.reading")
START_SECONDS = 60.0
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.assets.intake.isolated.helper import main; main()"

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """A child's answer, checked in form only: what it says of the model is a claim.

    `seconds` is wall-clock time of the call, `memory_mb` the process's peak in MiB, as the kernel counted it.
    """

    arrays: Arrays
    meta: Mapping[str, Any]
    seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of a table, row by row: `values` are codes into `classes` for a classifier, else quantities."""

    values: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None
    classes: tuple[str, ...]
    seconds: float
    memory_mb: float
    latency_ms: np.ndarray[Any, Any]


class Runner:
    """A helper process and the calls to it; safe to use from several threads.

    `tasks` are modules whose functions may be asked for, imported before any fork. `memory` is bytes for one
    call, `seconds` its wall-clock time, `parallel` how many calls run at once.
    """

    def __init__(
        self, tasks: Sequence[str] = (), *, memory: int = 4 << 30, seconds: float = 120.0, parallel: int = 2
    ) -> None:
        self._tasks = tuple(dict.fromkeys((*OWN_TASKS, *tasks)))
        self._memory = memory
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
            self._level = str(self.run("core.assets.intake.tasks:nothing").meta.get("level", "basic"))
        return self._level

    def start(self) -> None:
        """Start the helper and wait until its libraries are imported; does nothing while it lives."""
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
    ) -> Predictions:
        """Load the model and predict each row of `frame`; with `latency`, time single rows for so many seconds."""
        task = "core.assets.intake.tasks:predict"
        options = {"latency": latency}
        result = self.run(task, path, kind, {"rows": frame}, options, trusted=trusted, timeout=timeout)
        return _predictions(result, len(frame))

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
    ) -> Result:
        """Call `module:function` with (model, frames, options) in a fresh locked child.

        `kind` is a format, or `raw` to hand the open file itself to the task. Raise `Invalid` with the codes
        `runner.timeout`, `runner.memory`, `runner.crashed`, `runner.raised` or `runner.answer`, and `Unavailable`
        when no helper can be started.
        """
        if task.partition(":")[0] not in self._tasks:
            raise ValueError(f"{task} is in no module that the runner was given")
        with self._slots:
            return self._call(
                task, path, kind, frames or {}, dict(options or {}), trusted, timeout or self._seconds
            )

    def _call(
        self,
        task: str,
        path: Path | None,
        kind: str,
        frames: Mapping[str, pd.DataFrame],
        options: Mapping[str, Any],
        trusted: Sequence[str],
        timeout: float,
    ) -> Result:
        started = time.monotonic()
        answer, theirs = socket.socketpair()
        status, watched = socket.socketpair()
        files: list[int] = []
        try:
            if path is not None:
                files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            order = {}
            for name, frame in frames.items():
                order[name] = len(files)
                files.append(_table(frame))
            request = {
                "task": task,
                "format": kind,
                "frames": order,
                "options": options,
                "trusted": list(trusted),
                "memory": self._memory,
                "cpu": int(timeout) + 1,
            }
            self._send(json.dumps(request).encode(), [theirs.fileno(), watched.fileno(), *files])
            theirs.close()
            watched.close()
            return _receive(answer, status, started, started + timeout, timeout, self._memory)
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
                        raise _unavailable() from None
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
            [sys.executable, "-I", "-c", _BOOT, str(ROOT), str(theirs.fileno()), *self._tasks],
            pass_fds=(theirs.fileno(),),
            env=_environment(),
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
            raise _unavailable()
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


def _environment() -> dict[str, str]:
    from core.assets.intake.isolated.helper import THREADS  # noqa: PLC0415 - only its constant

    return {
        **THREADS,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LOKY_MAX_CPU_COUNT": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _table(frame: pd.DataFrame) -> int:
    """Return a descriptor of memory that holds the frame as an Arrow file."""
    descriptor = os.memfd_create("rows", os.MFD_CLOEXEC)
    table = pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)
    with os.fdopen(os.dup(descriptor), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return descriptor


def _receive(
    answer: socket.socket, status: socket.socket, started: float, deadline: float, timeout: float, memory: int
) -> Result:
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    head: dict[str, Any] = {}
    broken = ""
    try:
        head, arrays = _answer(answer, deadline)
    except TimeoutError:
        raise _timeout(timeout) from None
    except (BadAnswer, EOFError) as error:
        broken = str(error) or "no answer"
    # A child that answered nonsense is not waited for: closing our end kills it.
    report = _report(status, deadline if not broken else min(deadline, time.monotonic() + 1.0))
    if broken:
        raise _ended(report, broken, timeout, memory)
    meta = head.get("meta")
    if not isinstance(meta, dict):
        raise _bad_answer("no facts")
    _raise_reported(meta, memory)
    return Result(arrays, meta, time.monotonic() - started, float(report.get("memory_mb", 0.0)))


def _answer(end: socket.socket, deadline: float) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    length = protocol.HEADER.unpack(_read(end, protocol.HEADER.size, deadline))[0]
    if length > protocol.META_LIMIT:
        raise BadAnswer("facts over 64 KiB")
    head = protocol.decode_head(_read(end, length, deadline))
    arrays = {
        name: np.frombuffer(_read(end, size, deadline), dtype=dtype).reshape(shape)
        for name, dtype, shape, size in protocol.layout(head)
    }
    end.settimeout(max(deadline - time.monotonic(), 0.001))
    if end.recv(1):
        raise BadAnswer("bytes after the answer")
    return head, arrays


def _read(end: socket.socket, size: int, deadline: float) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        end.settimeout(max(deadline - time.monotonic(), 0.001))
        got = end.recv_into(view)
        if not got:
            raise EOFError
        view = view[got:]
    return data


def _report(status: socket.socket, deadline: float) -> dict[str, Any]:
    status.settimeout(max(deadline - time.monotonic(), 0.001))
    try:
        found = json.loads(status.recv(4096))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _raise_reported(meta: Mapping[str, Any], memory: int) -> None:
    error = meta.get("error")
    if error == "memory":
        raise _memory(memory)
    if error:
        raise Invalid(
            "runner.raised",
            N_("The model raised an error: {text}"),
            fix=N_(
                "Check that it was trained on the columns of this table, with the same versions of the libraries."
            ),
            field="artifact",
            text=str(meta.get("text", ""))[:500],
        )


def _ended(report: Mapping[str, Any], broken: str, timeout: float, memory: int) -> AvalError:
    status = report.get("status")
    if not isinstance(status, int):
        return _crashed("?") if broken == "no answer" else _bad_answer(broken)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return _timeout(timeout)
    if number == signal.SIGKILL:
        # The kernel kills at the hard limit of processor time, and when memory runs out.
        return _timeout(timeout) if float(report.get("cpu", 0.0)) >= timeout else _memory(memory)
    if number:
        return _crashed(signal.Signals(number).name)
    return _crashed("exit") if broken == "no answer" else _bad_answer(broken)


def _timeout(seconds: float) -> Invalid:
    return Invalid(
        "runner.timeout",
        N_("The model did not answer within {seconds} seconds."),
        fix=N_("Send a smaller table, or a faster model; the limit is the setting AVAL_RUNNER_SECONDS."),
        field="artifact",
        seconds=int(seconds) if seconds >= 1 else seconds,
    )


def _memory(limit: int) -> Invalid:
    return Invalid(
        "runner.memory",
        N_("The model needs more than {mib} MiB of memory."),
        fix=N_("Send a smaller model or table; the limit is the setting AVAL_RUNNER_MIB."),
        field="artifact",
        mib=limit >> 20,
    )


def _crashed(name: str) -> Invalid:
    return Invalid(
        "runner.crashed",
        N_("The process of the model crashed ({signal})."),
        fix=N_("The file may be damaged; save the model again and load it once yourself before you send it."),
        field="artifact",
        signal=name,
    )


def _bad_answer(reason: str) -> Invalid:
    return Invalid(
        "runner.answer",
        N_("The process of the model gave an answer that cannot be right: {reason}."),
        fix=N_("Check that the model predicts one value for each row."),
        field="artifact",
        reason=reason,
    )


def _unavailable() -> Unavailable:
    return Unavailable(
        "runner.unavailable",
        N_("The isolated runner cannot be started."),
        fix=N_("Try again; if it stays so, the administrator finds the reason in the server's log."),
    )


def _predictions(result: Result, rows: int) -> Predictions:
    values = result.arrays.get("values")
    probabilities = result.arrays.get("probabilities")
    listed = result.meta.get("classes", [])
    classes = tuple(str(c) for c in listed) if isinstance(listed, list) else ()
    if values is None or values.shape != (rows,):
        raise _bad_answer("not one value for each row")
    if not classes and not np.isfinite(values).all():
        raise _bad_answer("values that are no numbers")
    if classes and (values.dtype != np.int32 or values.min() < 0 or values.max() >= len(classes)):
        raise _bad_answer("a class that the model does not list")
    if probabilities is not None:
        right = probabilities.shape == (rows, len(classes)) and np.isfinite(probabilities).all()
        if not right or probabilities.min() < -1e-6 or probabilities.max() > 1 + 1e-6:
            raise _bad_answer("probabilities outside 0–1")
        probabilities = np.clip(probabilities, 0.0, 1.0)
    latency = result.arrays.get("latency", np.empty(0))
    return Predictions(values, probabilities, classes, result.seconds, result.memory_mb, latency)
