"""A person's mailbox: messages sealed under their key, on the same way as webhooks, with the same retries and log."""

import json
from datetime import datetime

from sqlmodel import Session, col, select

from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.personal import open_text, seal_text
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.pacing import KEEP_TRYING
from core.platform.notices.shapes import Shape
from core.platform.notices.tables import DeliveryRow, EndpointRow, MessageRow
from core.platform.store import UnitOfWork

KIND = "mail"


def post(uow: UnitOfWork, person_id: str, subject: str, text: str, at: datetime) -> str:
    """Put an e-mail on its way, not before `at`; return the message's id, which its Message-ID is made of.

    Bookkeeping of who is told: no audit event of its own.
    """
    box = mailbox(uow.session, person_id) or _opened(uow, person_id)
    message = MessageRow(
        id=new_id("mlm"),
        kind=KIND,
        body=seal_text(uow, person_id, json.dumps({"subject": subject, "text": text}, ensure_ascii=False)),
        created_at=uow.now,
    )
    uow.session.add(message)
    uow.session.flush()
    uow.session.add(
        DeliveryRow(
            id=new_id("dlv"),
            endpoint_id=box,
            message_id=message.id,
            subject=message.id,
            sequence=int(uow.now.timestamp() * 1000),
            state=DeliveryState.WAITING.value,
            next_at=at,
            give_up_at=at + KEEP_TRYING,
        )
    )
    uow.session.flush()
    return message.id


def mailbox(session: Session, person_id: str) -> str:
    """Return the id of a person's mailbox; empty while nothing was sent to them."""
    query = select(EndpointRow.id).where(
        EndpointRow.person_id == person_id, EndpointRow.shape == Shape.MAIL.value
    )
    return session.exec(query.order_by(col(EndpointRow.created_at)).limit(1)).first() or ""


def opened(session: Session, person_id: str, body: str) -> tuple[str, str]:
    """Return a person's address and a message's text; empty where they were erased or may not sign in any more."""
    person = access.find(session, person_id)
    if person is None or person.disabled or not person.email:
        return "", ""
    return person.email, open_text(session, body)


def _opened(uow: UnitOfWork, person_id: str) -> str:
    row = EndpointRow(
        id=f"mbx_{person_id}",
        label="",
        url="",
        shape=Shape.MAIL.value,
        person_id=person_id,
        kinds=[],
        created_by=person_id,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id
