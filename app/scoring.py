"""The scorer of this server process: made with the first request to it, closed with the server."""

import threading
from typing import TYPE_CHECKING

from app.wiring import start_runner, store

if TYPE_CHECKING:
    from core.decisions.serving.scoring import Scorer

_lock = threading.Lock()
_made: "list[Scorer]" = []


def scorer() -> "Scorer":
    """Return the process's scorer; its helper process starts with the first row that is asked for."""
    from core.decisions.serving.scoring import Scorer  # noqa: PLC0415 - a server that nobody asks for rows loads none

    with _lock:
        if not _made:
            _made.append(Scorer(store(), lambda: start_runner(store().settings)))
        return _made[0]


def close() -> None:
    """End it, where it was ever made."""
    with _lock:
        while _made:
            _made.pop().close()
