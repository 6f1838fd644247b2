"""Tell people: a cursor goes along the log, so that no command needs to know whom it concerns and none is forgotten.

An entry is told to each person once: the notice is unique, and stands in the same transaction as the e-mail's place in
the outbox and the cursor's move.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core.i18n import speaking
from core.ids import new_id
from core.overview.inbox import mails, queries
from core.overview.inbox.kinds import SAID, NoticeKind, Way
from core.overview.inbox.preferences import Preferences
from core.overview.inbox.recipients import House, recipients
from core.overview.inbox.tables import CursorRow, NoticeRow, PreferenceRow
from core.platform.access import queries as access
from core.platform.access.queries import Person
from core.platform.audit import queries as audit
from core.platform.audit.queries import RecordedEvent
from core.platform.notices import mail
from core.platform.store import SYSTEM, Store, UnitOfWork

log = logging.getLogger("aval.inbox")
BATCH = 200
_PAUSE, _BREATH = 1.0, 0.01
_CURSOR = "log"


def keep(store: Store, stop: threading.Event) -> None:
    """Tell people until `stop`; the worker's own thread."""
    while not stop.is_set():
        try:
            moved = step(store) or sum_up(store)
        except Exception:
            log.warning("people could not be told; it is tried again", exc_info=True)
            moved = False
        stop.wait(_BREATH if moved else _PAUSE)


def step(store: Store) -> bool:
    """Tell of the next entries of the log; say whether there were any.

    A house that has no cursor yet begins at the end: nobody is told of what happened before Aval told anybody.
    """
    with store.reading() as view:
        cursor = view.get(CursorRow, _CURSOR)
        head = audit.head(view)[0]
        first = cursor.position if cursor is not None else head
        if cursor is not None and first >= head:
            return False
        events = audit.events(view, before=min(first + BATCH, head), limit=min(BATCH, head - first))[::-1]
        told = _told(view, store, [e for e in events if e.action in SAID])
    with store.unit_of_work(SYSTEM) as uow:
        row = uow.session.exec(select(CursorRow).where(CursorRow.id == _CURSOR).with_for_update()).first()
        if row is None:
            uow.session.add(CursorRow(id=_CURSOR, position=first))
            return False
        if row.position != first:
            return True  # another worker was here
        _tell(uow, store, told)
        row.position = first + len(events)
        uow.session.add(row)
    return bool(events)


def begin(store: Store, since: datetime) -> None:
    """Have people told from a moment on; without this, a house begins at the end of its log."""
    with store.reading() as view:
        found = audit.events(view, since=since, limit=10_000)
        position = found[-1].index if found else audit.head(view)[0]
    with store.unit_of_work(SYSTEM) as uow:
        uow.session.merge(CursorRow(id=_CURSOR, position=position))


def sum_up(store: Store) -> bool:
    """Send one person the summary of the day that is due; say whether there was one."""
    now = store.clock()
    with store.reading() as view:
        waiting = view.exec(
            select(NoticeRow.person_id).where(NoticeRow.mail == Way.DAILY.value).distinct()
        ).all()
        due = next((one for one in waiting if _due(view, store, one, now)), None)
    return due is not None and _summed_up(store, due)


def catch_up(store: Store) -> None:
    """Tell of everything that is in the log now, and send the summaries that are due."""
    while step(store):
        pass
    while sum_up(store):
        pass


def _told(
    view: Session, store: Store, events: Sequence[RecordedEvent]
) -> list[tuple[RecordedEvent, Person, NoticeKind]]:
    if not events:
        return []
    people = [p for p in access.people(view) if not p.disabled]
    known = {p.id: p for p in people}
    house = House(view, people, store.clock())
    return [
        (event, known[who], kind)
        for event in events
        for who, kind in sorted(recipients(house, event).items())
    ]


def _tell(uow: UnitOfWork, store: Store, told: Sequence[tuple[RecordedEvent, Person, NoticeKind]]) -> None:
    for event, person, kind in told:
        wanted = _wanted(uow.session, store, person.id)
        way = wanted.way(kind)
        row = NoticeRow(
            id=new_id("ntc"),
            person_id=person.id,
            log_index=event.index,
            kind=kind.value,
            at=event.time,
            mail=way.value if way is Way.DAILY and store.settings.mail_server else "",
        )
        uow.session.add(row)
        uow.session.flush()
        if way is Way.NOW and store.settings.mail_server:
            with speaking(person.language):
                (notice,) = queries.written(uow.session, [row], details=_details(store))
                subject, text = mails.at_once(notice, store.settings.public_url)
            mail.post(uow, person.id, subject, text, wanted.not_before(uow.now))


def _due(view: Session, store: Store, person_id: str, now: datetime) -> bool:
    row = view.get(PreferenceRow, person_id)
    return _wanted(view, store, person_id).summed_up(now, row.summed_up_at if row else None)


def _summed_up(store: Store, person_id: str) -> bool:
    with store.unit_of_work(SYSTEM) as uow:
        wanted = _wanted(uow.session, store, person_id)
        rows = uow.session.exec(
            select(NoticeRow)
            .where(NoticeRow.mail == Way.DAILY.value, NoticeRow.person_id == person_id)
            .order_by(col(NoticeRow.log_index).desc())
            .with_for_update()
        ).all()
        person = access.find(uow.session, person_id)
        if not rows:
            return False
        for row in rows:
            row.mail = ""
        uow.session.add_all(rows)
        held = uow.session.get(PreferenceRow, person_id) or PreferenceRow(
            person_id=person_id, ways={}, zone=wanted.zone, summary_at=wanted.summary_at
        )
        held.summed_up_at = uow.now
        uow.session.add(held)
        if person is not None and not person.disabled:
            with speaking(person.language):
                found = queries.written(uow.session, rows, details=_details(store))
                subject, text = mails.summary(found, store.settings.public_url)
            mail.post(uow, person_id, subject, text, wanted.not_before(uow.now))
    return True


def _wanted(session: Session, store: Store, person_id: str) -> Preferences:
    return queries.preferences(session, person_id, zone=store.settings.time_zone)


def _details(store: Store) -> bool:
    return store.settings.mail_details.strip().lower() == "yes"
