"""The outbox is derived from the audit log: whatever is recorded and subscribed to is on its way when it is committed.

No command calls this and so none can forget it: it stands where every event passes, in the transaction of the change.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core.ids import new_id
from core.platform.audit import canonical, log
from core.platform.audit import queries as audit
from core.platform.audit.queries import RecordedEvent
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.kinds import FAMILIES, TEST, asks_for, family, leaving
from core.platform.notices.pacing import KEEP_TRYING
from core.platform.notices.shapes import Shape
from core.platform.notices.tables import DeliveryRow, EndpointRow, MessageRow
from core.platform.store import Actor, Event

SHAPE = 1


def append(session: Session, now: datetime, actor: Actor, events: Sequence[Event]) -> None:
    """Append events to the log, and put what somebody subscribed to into the outbox, in the same transaction."""
    log.append(session, now, actor, events)
    told = [n for n, event in enumerate(events) if event.action == TEST or family(event.action) in FAMILIES]
    if not told:
        return
    endpoints = session.exec(
        select(EndpointRow).where(
            col(EndpointRow.active).is_(True),
            col(EndpointRow.removed_at).is_(None),
            EndpointRow.shape != Shape.MAIL.value,
        )
    ).all()
    asking = {n: [e for e in endpoints if _asks(e, events[n])] for n in told}
    if not any(asking.values()):
        return
    first = audit.head(session)[0] - len(events)
    for number, those in asking.items():
        entry = audit.event(session, first + number) if those else None
        if entry is not None:
            _put(session, now, entry, those)


def _asks(endpoint: EndpointRow, event: Event) -> bool:
    if event.action == TEST:
        return endpoint.id == event.subject_id
    return asks_for(endpoint.kinds, event.action)


def _put(session: Session, now: datetime, entry: RecordedEvent, endpoints: Sequence[EndpointRow]) -> None:
    """Write the message about one entry, and its delivery to each endpoint."""
    message = MessageRow(id=new_id("evt"), kind=entry.action, body="", created_at=now)
    message.body = canonical.encode(
        {
            "id": message.id,
            "shape": SHAPE,
            "kind": entry.action,
            "time": log.stamp(entry.time),
            "actor": {"id": entry.actor_id, "kind": entry.actor_kind},
            "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
            "data": leaving(entry.data),
            "log": {"index": entry.index, "leaf": entry.leaf},
        }
    ).decode()
    session.add(message)
    session.flush()
    session.add_all(
        DeliveryRow(
            id=new_id("dlv"),
            endpoint_id=endpoint.id,
            message_id=message.id,
            subject=f"{entry.subject_kind}/{entry.subject_id}",
            sequence=entry.index,
            state=DeliveryState.WAITING.value,
            next_at=now,
            give_up_at=now + KEEP_TRYING,
        )
        for endpoint in endpoints
    )
    session.flush()
