"""Reading the answer of an isolated child, byte by byte under limits: what it says is a claim."""

import json
import math
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.assets.intake import failures
from core.assets.intake.isolated import protocol
from core.assets.intake.isolated.protocol import BadAnswer
from core.errors import AvalError

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """A child's answer, checked in form only: what it says of the model is a claim.

    `seconds` is wall-clock time of the call, `memory_mb` the process's peak in MiB, as the kernel counted it; 0 where
    the call was not `measured`.
    """

    arrays: Arrays
    meta: Mapping[str, Any]
    seconds: float
    memory_mb: float


def receive(
    answer: socket.socket,
    status: socket.socket,
    started: float,
    deadline: float,
    timeout: float,
    memory: int,
    *,
    measured: bool,
) -> Result:
    """Read one answer, and the report of how the child ended where it is `measured` or the answer is none.

    Raise the errors of `failures`.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    head: dict[str, Any] = {}
    broken = ""
    try:
        head, arrays = framed(answer, deadline)
        _nothing_more(answer, deadline)
    except TimeoutError:
        raise failures.timeout(timeout) from None
    except (BadAnswer, EOFError) as error:
        broken = str(error) or "no answer"
    if broken:
        # A child that answered nonsense is not waited for: closing our end kills it.
        raise ended(status, broken, timeout, memory, deadline)
    report = _report(status, deadline) if measured else {}
    meta = head.get("meta")
    if not isinstance(meta, dict):
        raise failures.bad_answer("facts")
    raise_reported(meta, memory)
    return Result(arrays, meta, time.monotonic() - started, float(report.get("memory_mb", 0.0)))


def framed(end: socket.socket, deadline: float) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """Read one framed answer; raise `BadAnswer`, `EOFError`, or `TimeoutError` at the deadline (monotonic)."""
    length = protocol.HEADER.unpack(_read(end, protocol.HEADER.size, deadline))[0]
    if length > protocol.META_LIMIT:
        raise BadAnswer("facts over 64 KiB")
    head = protocol.decode_head(_read(end, length, deadline))
    arrays = {
        name: np.frombuffer(_read(end, size, deadline), dtype=dtype).reshape(shape)
        for name, dtype, shape, size in protocol.layout(head)
    }
    return head, arrays


def _nothing_more(end: socket.socket, deadline: float) -> None:
    end.settimeout(max(deadline - time.monotonic(), 0.001))
    if end.recv(1):
        raise BadAnswer("bytes after the answer")


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


def raise_reported(meta: Mapping[str, Any], memory: int) -> None:
    """Raise what the child says went wrong."""
    error = meta.get("error")
    text = str(meta.get("text", ""))
    if error == "memory":
        raise failures.memory(memory)
    if error == "library":
        raise failures.library(text)
    if error:
        raise failures.raised(text)


def ended(
    watched: socket.socket, broken: str, timeout: float, memory: int, deadline: float = math.inf
) -> AvalError:
    """Return why a child ended whose answer is `broken`, by the helper's report of it, waited for up to a second."""
    report = _report(watched, min(deadline, time.monotonic() + 1.0))
    if report.get("threads"):
        return failures.threads()
    status = report.get("status")
    if not isinstance(status, int):
        return failures.crashed("?") if broken == "no answer" else failures.bad_answer("form", broken)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return failures.timeout(timeout)
    if number == signal.SIGKILL:
        # The kernel kills at the hard limit of processor time, and when memory runs out.
        return (
            failures.timeout(timeout) if float(report.get("cpu", 0.0)) >= timeout else failures.memory(memory)
        )
    if number:
        return failures.crashed(signal.Signals(number).name)
    return failures.crashed("exit") if broken == "no answer" else failures.bad_answer("form", broken)
