"""Bring the log into the index of words: a cursor goes along it, so that no command needs to know, none is forgotten."""

import logging
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from core.overview.decision_log.telling import Told, tell
from core.platform.access import personal
from core.platform.audit import queries as audit
from core.platform.audit.queries import RecordedEvent
from core.platform.search import blind, index, queries
from core.platform.search.index import Entry
from core.platform.search.words import words
from core.platform.store import SYSTEM, Store, UnitOfWork

log = logging.getLogger("aval.search")

FORM = "1"
"""The form of what is written, to be counted up with every change of it: then everything is written anew by itself."""
BATCH = 200
_PAUSE, _BREATH = 1.0, 0.01
"""Seconds until the log is looked at again, and between two batches, so that others may write."""
_TIDY_SECONDS, _MOST_PARTS = 3_600.0, 8
"""How often the parts of the index are counted, and how many may be without being merged."""
_ROUNDS = frozenset({"release.requested", "release.resubmitted"})


def keep(store: Store, stop: threading.Event) -> None:
    """Follow the log until `stop`, and keep the index in order; the worker's own thread."""
    tidied = -_TIDY_SECONDS
    while not stop.is_set():
        try:
            moved = step(store)
            if not moved:
                tidied = _tidied(store, tidied)
        except Exception:
            log.warning("the decision log could not be followed; it is tried again", exc_info=True)
            moved = False
        stop.wait(_BREATH if moved else _PAUSE)


def tidy(store: Store, most: int = 1) -> None:
    """Scour the index where somebody was erased, or where it has come to more than `most` parts."""
    with store.reading() as view:
        wanted = queries.owes_scouring(view) or queries.parts(view) > most
    if wanted:
        index.scour(store)


def _tidied(store: Store, before: float) -> float:
    """Tidy at once after an erasure, every hour otherwise; return when the hour began."""
    now = time.monotonic()
    due = now - before >= _TIDY_SECONDS
    tidy(store, _MOST_PARTS if due else sys.maxsize)
    return now if due else before


def catch_up(store: Store) -> int:
    """Follow the log to its end; return how many steps that took."""
    steps = 0
    while step(store):
        steps += 1
    return steps


def step(store: Store) -> bool:
    """Write one batch; say whether there was something to write.

    Texts are read and words hashed with no open transaction. What was written meanwhile, an erasure above all, is
    noticed under the lock; the batch is then left for the next step.
    """
    with store.reading() as view:
        at = queries.position(view)
        first = at.index if at.form == FORM else 0
        outdated = queries.stale(view, BATCH) if first else []
        events = audit.events_at(view, outdated) if outdated else _following(view, first)
        if not events:
            return False
        told = tell(view, events if outdated else [*events, *_overwritten(view, events)])
        keys = _keys(view, told)
        drafts = _entries(view, told, keys) if personal.LOOK_UP in keys else []
    with store.unit_of_work(SYSTEM) as uow:
        cursor = index.lock(uow)
        if personal.LOOK_UP not in keys:
            personal.key_of(uow, personal.LOOK_UP)
        elif (cursor.position, cursor.form) == (at.index, at.form) and _keys(uow.session, told) == keys:
            _write(uow, events, outdated, drafts)
            if not outdated:
                index.move(uow, cursor, events[-1].index + 1, FORM)
    return True


def _following(view: Session, first: int) -> list[RecordedEvent]:
    """The next entries of the log, the oldest first."""
    end = min(first + BATCH, audit.head(view)[0])
    return audit.events(view, before=end, limit=max(0, end - first))[::-1]


def _overwritten(view: Session, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Earlier rounds of requests, whose note a new round has taken the place of."""
    renewed = {e.subject_id for e in events if e.action == "release.resubmitted"}
    return [
        earlier
        for request in sorted(renewed)
        for action in sorted(_ROUNDS)
        for earlier in audit.events(view, action=action, subject_id=request, before=events[0].index)
    ]


def _keys(view: Session, told: Sequence[Told]) -> dict[str, bytes]:
    return personal.search_keys(view, {one.event.actor_id for one in told} | {personal.LOOK_UP})


def _entries(view: Session, told: Sequence[Told], keys: Mapping[str, bytes]) -> list[Entry]:
    """All words of an entry stand under its actor's key; of nobody's, those that are public under the house's."""
    readable = [one.sealed if one.event.actor_id in keys else () for one in told]
    opened = iter(personal.open_texts(view, [text for texts in readable for text in texts]))
    entries = []
    for one, texts in zip(told, readable, strict=True):
        author = one.event.actor_id if one.event.actor_id in keys else ""
        known = words(" ".join([one.known(), *(next(opened) for _text in texts)]))
        entries.append(_entry(one, author, blind.tokens(keys[author or personal.LOOK_UP], known)))
    return entries


def _entry(one: Told, author: str, tokens: Sequence[str]) -> Entry:
    event, scope = one.event, one.place.use_case_id
    marks = (blind.mark("kind", one.act.kind), blind.mark("scope", scope), blind.month(event.time))
    return Entry(
        index=event.index,
        time=event.time,
        kind=one.act.kind.value,
        scope=scope,
        actor=event.actor_id,
        author=author,
        tokens=(*tokens, *marks),
    )


def _write(
    uow: UnitOfWork, events: Sequence[RecordedEvent], outdated: Sequence[int], drafts: Sequence[Entry]
) -> None:
    if outdated:
        index.replace(uow, outdated, drafts)
        return
    first, end = events[0].index, events[-1].index + 1
    earlier = [one for one in drafts if one.index < first]
    index.put(uow, first, end, [one for one in drafts if one.index >= first])
    index.replace(uow, [one.index for one in earlier], earlier)
    for event in events:
        if event.action == "use_case.edited" and "title" in str(event.data.get("changed", "")):
            index.outdate(uow, scope=event.subject_id)
        elif event.action == "person_keys.restored":
            index.outdate(uow, author="")
