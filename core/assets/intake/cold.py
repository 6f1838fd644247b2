"""A call in a cold interpreter: what is done where a locked fork is not to be had (macOS, Windows).

Slower by a second and a half, and the lock is the limits alone: such a child reports the level `basic`.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.assets.intake import failures
from core.assets.intake.answers import Result, raise_reported
from core.assets.intake.isolated import protocol
from core.assets.intake.isolated.helper import THREADS
from core.assets.intake.isolated.protocol import BadAnswer

ROOT = Path(__file__).parents[3]
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.assets.intake.isolated.helper import once; once()"


def call(
    request: Mapping[str, Any],
    path: Path | None,
    frames: Mapping[str, pd.DataFrame],
    output: Path | None,
    libraries: str,
    tasks: Sequence[str],
    timeout: float,
) -> Result:
    """Run one call in a new interpreter with an empty environment; see `Runner.run`."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aval-call-") as folder:
        files = [] if path is None else [str(path)]
        order = {}
        for name, frame in frames.items():
            order[name] = len(files)
            files.append(_written(frame, Path(folder) / f"{len(files)}.arrow"))
        if output is not None:
            files.append(str(output))
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, str(ROOT), libraries, *tasks],
            env={**THREADS, "LOKY_MAX_CPU_COUNT": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            arrays, meta = _exchange(child, {**request, "frames": order, "files": files}, timeout)
        finally:
            child.kill()
            child.wait()
    raise_reported(meta, request["memory"])
    memory = meta.get("memory_mb")
    return Result(
        arrays, meta, time.monotonic() - started, float(memory) if isinstance(memory, (int, float)) else 0.0
    )


def _exchange(
    child: subprocess.Popen[bytes], order: Mapping[str, Any], timeout: float
) -> tuple[dict[str, np.ndarray[Any, Any]], Mapping[str, Any]]:
    # A pipe cannot be read with a deadline on every system; ending the child ends the reading.
    overdue = threading.Event()

    def end() -> None:
        overdue.set()
        child.kill()

    clock = threading.Timer(timeout, end)
    clock.start()
    try:
        if child.stdin is None or child.stdout is None:
            raise failures.unavailable()
        child.stdin.write(json.dumps(order).encode())
        child.stdin.close()
        head, arrays = _answer(child.stdout)
    except (BadAnswer, EOFError, OSError) as error:
        if overdue.is_set():
            raise failures.timeout(timeout) from error
        if isinstance(error, BadAnswer):
            raise failures.bad_answer("form", str(error)) from error
        raise failures.crashed("exit") from error
    finally:
        clock.cancel()
    meta = head.get("meta")
    if not isinstance(meta, dict):
        raise failures.bad_answer("facts")
    return arrays, meta


def _answer(end: IO[bytes]) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    length = protocol.HEADER.unpack(_read(end, protocol.HEADER.size))[0]
    if length > protocol.META_LIMIT:
        raise BadAnswer("facts over 64 KiB")
    head = protocol.decode_head(_read(end, length))
    arrays = {
        name: np.frombuffer(_read(end, size), dtype=dtype).reshape(shape)
        for name, dtype, shape, size in protocol.layout(head)
    }
    return head, arrays


def _read(end: IO[bytes], size: int) -> bytes:
    data = end.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _written(frame: pd.DataFrame, path: Path) -> str:
    table = pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)
    with path.open("wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return str(path)
