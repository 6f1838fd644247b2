"""The scorer of this server process, made with the first request and closed with the server; what it answers by."""

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from app.wiring import reading, start_runner, store
from core.assets.registry.version import Version
from core.decisions.releases.effective import effective
from core.decisions.releases.release import Live
from core.decisions.releases.states import PRODUCTION
from core.errors import Conflict, Invalid, NotFound
from core.evidence.monitoring import queries as monitoring
from core.i18n import N_

if TYPE_CHECKING:
    from core.decisions.serving.scoring import Scorer

FRESH_SECONDS = 1.0
"""A suspension is felt within so long: asking the decision for each row of real traffic would cost more than the row."""
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


def live_now(use_case: str) -> Live:
    """Return what answers for a use case. Raise `NotFound` where nothing is live, `Conflict` for a log outside."""
    return _known.get(use_case)


def answering(use_case: str) -> Live:
    """As `live_now`; raise `Invalid` where nobody here holds a model that could answer."""
    found = live_now(use_case)
    if not loads(found.version):
        raise Invalid(
            "infer.not_loaded",
            N_("Version {number} is governed by its scores alone: Aval holds no model that could answer."),
            fix=N_("Ask the system that makes the scores."),
            number=found.version.number,
        )
    return found


def loads(version: Version) -> bool:
    """Say whether a version has a model that Aval loads."""
    return bool(version.signature.features) and not version.score_column


class _Known:
    """The live versions as they were found a moment ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[int, str], tuple[float, Live]] = OrderedDict()

    def get(self, use_case: str) -> Live:
        now = time.monotonic()
        key = id(store()), use_case
        with self._lock:
            held = self._held.get(key)
        if held is not None and now - held[0] < FRESH_SECONDS:
            return held[1]
        with reading() as view:
            both = effective(view, use_case, PRODUCTION, store().clock())
            outside = (
                None if both is None else monitoring.log_setting(view, both[0].version.use_case_id).outside
            )
        if outside is not None:
            raise Conflict(
                "infer.log_outside",
                N_("The log of this use case lies in {table}: Aval would answer without logging it."),
                fix=N_("Serve the approved file yourself and write the row into that table."),
                table=outside.predictions,
            )
        found = None if both is None else both[1]
        if found is None:
            with self._lock:
                self._held.pop(key, None)
            raise NotFound(
                "infer.nothing_live",
                N_("No version of {use_case} is live in production and in good standing."),
                fix=N_("Ask /live: it says what is live, and what took its standing."),
                use_case=use_case,
            )
        with self._lock:
            self._held[key] = now, found
            while len(self._held) > 1_000:
                self._held.popitem(last=False)
        return found


_known = _Known()
