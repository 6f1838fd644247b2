"""Reading an uploaded table in an isolated child: whoever sent it, its parser works away from the server's memory.

The helper knows pandas and Arrow only; it starts with the first table and ends when none has come for a while.
"""

import json
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd

from core.assets.datasets import reading, schema
from core.assets.datasets.schema import Column
from core.errors import AvalError, Invalid, TooLarge, preserve, restore
from core.i18n import N_
from core.platform.store import Files

TASK = "core.assets.intake.tabular:convert"
LIBRARIES = ("numpy", "pandas", "pyarrow.parquet")
MOST_PARQUET = 4 << 30
MOST_COLUMNS_TEXT = 64 << 20
IDLE_SECONDS = 120.0
SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Read:
    """A table that has been read and stored as Parquet under `digest`."""

    digest: str
    rows: int
    columns: tuple[Column, ...]


def convert(
    source: Any,
    frames: Mapping[str, pd.DataFrame],  # noqa: ARG001
    options: Mapping[str, Any],
) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """Read the open file, check it, write it as Parquet to `options["output"]`, and answer its schema."""
    try:
        table = reading.read_table(cast("BinaryIO", source), name=str(options["name"]))
    except (Invalid, TooLarge) as error:
        return {}, {"refused": preserve(error)}
    table.to_parquet(options["output"], index=False, compression="zstd")
    options["output"].close()
    columns = json.dumps([c.to_json() for c in schema.infer(table)]).encode()
    return {"columns": np.frombuffer(columns, dtype=np.uint8)}, {"rows": len(table)}


def read(files: Files, path: Path, *, name: str, memory: int) -> Read:
    """Read the table at `path` in isolation and keep it as Parquet; raise `Invalid` or `TooLarge`."""
    with tempfile.TemporaryDirectory(prefix="aval-table-") as folder:
        target = Path(folder) / "table.parquet"
        target.touch()
        try:
            found = _reader(memory).run(path, target, name)
        except Invalid as error:
            raise _table_error(error, name) from error
        if "refused" in found.meta:
            raise _restored(found.meta["refused"], name)
        rows, text = found.meta.get("rows"), found.arrays.get("columns")
        if not isinstance(rows, int) or text is None or text.nbytes > MOST_COLUMNS_TEXT:
            raise _unreadable(name)
        columns = _columns(text.tobytes(), name)
        return Read(files.put_path(target).digest, rows, columns)


class _Reader:
    """The helper, and the clock that ends it."""

    def __init__(self, memory: int) -> None:
        from core.assets.intake.runner import Runner  # noqa: PLC0415 - a page that shows a draft needs none

        self._runner = Runner((__name__,), libraries=LIBRARIES, memory=memory, seconds=SECONDS)
        self._lock = threading.Lock()
        self._busy = 0
        self._clock: threading.Timer | None = None

    def run(self, path: Path, target: Path, name: str) -> Any:
        with self._lock:
            self._busy += 1
            if self._clock is not None:
                self._clock.cancel()
        try:
            options = {"name": name}
            return self._runner.run(TASK, path, "raw", None, options, output=target, most_output=MOST_PARQUET)
        finally:
            with self._lock:
                self._busy -= 1
                self._clock = threading.Timer(IDLE_SECONDS, self._end)
                self._clock.daemon = True
                self._clock.start()

    def _end(self) -> None:
        with self._lock:
            if not self._busy:
                self._runner.stop()


@cache
def _reader(memory: int) -> _Reader:
    return _Reader(memory)


def _columns(text: bytes, name: str) -> tuple[Column, ...]:
    try:
        listed = cast("Sequence[Mapping[str, object]]", json.loads(text))
        return tuple(Column.from_json(c) for c in listed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(name) from error


def _restored(stored: object, name: str) -> AvalError:
    """Take the refusal of the child where it has the form of one about tables."""
    if isinstance(stored, dict) and str(stored.get("code", "")).startswith("table."):
        try:
            return restore(stored)
        except (KeyError, TypeError):
            pass
    return _unreadable(name)


def _table_error(error: Invalid, name: str) -> AvalError:
    if error.code == "runner.memory":
        return TooLarge(
            "table.memory",
            N_("{name} needs more memory to be read than a table may take."),
            fix=N_("Send a random sample of the rows, or fewer columns."),
            field="table",
            name=name,
        )
    if error.code == "runner.timeout":
        return TooLarge(
            "table.slow",
            N_("{name} takes longer to be read than a table may."),
            fix=N_("Send it as Parquet, or a random sample of the rows."),
            field="table",
            name=name,
        )
    return _unreadable(name)


def _unreadable(name: str) -> Invalid:
    return Invalid(
        "table.unreadable",
        N_("{name} cannot be read as a table."),
        fix=N_("Send a table saved as CSV (UTF-8) or Parquet."),
        field="table",
        name=name,
    )
