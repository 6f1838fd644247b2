"""Answered rows on their way to the log: durable before they are answered, and taken into the log a moment later.

A process that dies leaves its spool; the next one takes it. Rows of a spool that was taken twice are repeats by their
id, which the log counts and drops.
"""

import json
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import AvalError
from core.evidence.monitoring import work as monitoring
from core.evidence.monitoring.batches import BatchKind
from core.ids import new_id
from core.platform.store import SYSTEM, Store

log = logging.getLogger("aval.serving")
EVERY_SECONDS = 10.0
"""Between two hand-overs: each is a batch, and what follows a batch (profiles, alerts, KPIs) costs a worker seconds."""
PREFIX = "scored-"


class Spool:
    """One file a version that rows are appended to; `flush` hands what is there to the log."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        self._taking = threading.Lock()
        self._open: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, version_id: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows and wait until they are durable."""
        lines = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()
        with self._lock:
            file = self._open.get(version_id)
            if file is None:
                path = self._folder / f"{PREFIX}{version_id}.{new_id('spool')}.ndjson"
                file = self._open[version_id] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            view = memoryview(lines)
            while view:
                view = view[os.write(file, view) :]
            os.fdatasync(file)

    def flush(self) -> int:
        """Take every spool into the log, those of dead processes too; return how many files.

        What was appended before the call is in the log when it returns, whoever took it.
        """
        with self._taking:
            return self._flush()

    def _flush(self) -> int:
        with self._lock:
            for file in self._open.values():
                os.close(file)
            self._open.clear()
            waiting = sorted(self._folder.glob(f"{PREFIX}*.ndjson"))
        taken = 0
        for path in waiting:
            version_id = path.name.removeprefix(PREFIX).partition(".")[0]
            mine = path.with_suffix(".taken")
            try:
                path.rename(mine)  # of two processes one takes it
            except FileNotFoundError:
                continue
            taken += self._take(version_id, mine, path)
        return taken

    def _take(self, version_id: str, mine: Path, path: Path) -> bool:
        try:
            digest = self._store.files.put_path(mine).digest
            monitoring.take(self._store, SYSTEM, version_id, BatchKind.PREDICTIONS, digest, "ndjson")
        except AvalError as problem:
            log.warning("answers of %s wait: %s", version_id, problem.text())
            mine.rename(path)
            return False
        mine.unlink()
        return True
