"""What the courier writes: who delivers what now, and how it went. Bookkeeping without audit events.

A message is leased before anybody knocks, so that two workers never knock at once; a worker that dies lets its lease run
out, and the message is sent again under the same id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import aliased
from sqlmodel import col, func, or_, select

from core.ids import new_id
from core.platform.notices import mail
from core.platform.notices.delivery import DeliveryState, Knock
from core.platform.notices.pacing import pause
from core.platform.notices.shapes import SECRET_ADDRESS, Shape
from core.platform.notices.tables import AttemptRow, DeliveryRow, EndpointRow, MessageRow, SecretRow
from core.platform.store import UnitOfWork

LEASE = timedelta(seconds=60)
AT_ONCE = 4
"""Messages that one endpoint is sent at the same time: one that hangs must not hold all hands."""
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message in the courier's hands; without a secret nothing can be signed.

    Of an e-mail `url` is the person's address, empty where they have none any more, and `body` the opened text.
    """

    delivery_id: str
    lease: str
    url: str
    secret: bytes | None
    message_id: str
    body: bytes
    attempt: int
    give_up_at: datetime
    shape: Shape = Shape.SIGNED
    language: str = "en"


def claim(uow: UnitOfWork, most: int) -> list[Parcel]:
    """Take up to `most` messages whose turn it is: of one subject and endpoint always the oldest, and only that."""
    earlier = aliased(DeliveryRow)
    waits = select(earlier.id).where(
        earlier.endpoint_id == DeliveryRow.endpoint_id,
        earlier.subject == DeliveryRow.subject,
        earlier.sequence < DeliveryRow.sequence,
        earlier.state == DeliveryState.WAITING.value,
    )
    query = (
        select(DeliveryRow)
        .join(EndpointRow, col(EndpointRow.id) == DeliveryRow.endpoint_id)
        .where(
            DeliveryRow.state == DeliveryState.WAITING.value,
            DeliveryRow.next_at <= uow.now,
            or_(col(DeliveryRow.leased_until).is_(None), col(DeliveryRow.leased_until) <= uow.now),
            col(EndpointRow.active).is_(True),
            ~waits.exists(),
        )
        .order_by(col(DeliveryRow.next_at), col(DeliveryRow.sequence))
        .limit(most * AT_ONCE)
    )
    if uow.session.connection().dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True, of=DeliveryRow)
    busy = _busy(uow)
    parcels: list[Parcel] = []
    for row in uow.session.exec(query).all():
        if len(parcels) == most or busy.get(row.endpoint_id, 0) >= AT_ONCE:
            continue
        busy[row.endpoint_id] = busy.get(row.endpoint_id, 0) + 1
        row.lease, row.leased_until = new_id("lse"), uow.now + LEASE
        uow.session.add(row)
        endpoint = uow.session.exec(select(EndpointRow).where(EndpointRow.id == row.endpoint_id)).one()
        message = uow.session.exec(select(MessageRow).where(MessageRow.id == row.message_id)).one()
        parcels.append(_parcel(uow, row, endpoint, message))
    return parcels


def _parcel(uow: UnitOfWork, row: DeliveryRow, endpoint: EndpointRow, message: MessageRow) -> Parcel:
    form = Shape(endpoint.shape)
    held = uow.session.get(SecretRow, row.endpoint_id)
    secret = held.secret if held else None
    url, body = endpoint.url, message.body
    if form in SECRET_ADDRESS:
        url = secret.decode() if secret else ""
    elif form is Shape.MAIL:
        url, body = mail.opened(uow.session, endpoint.person_id, message.body)
    return Parcel(
        delivery_id=row.id,
        lease=row.lease,
        url=url,
        secret=secret,
        message_id=message.id,
        body=body.encode(),
        attempt=row.attempts + 1,
        give_up_at=row.give_up_at,
        shape=form,
        language=endpoint.language,
    )


def keep(uow: UnitOfWork, parcel: Parcel, knock: Knock, chance: float) -> None:
    """Write how a knock went: delivered, to be tried again, or given up after its day."""
    query = select(DeliveryRow).where(DeliveryRow.id == parcel.delivery_id).with_for_update()
    row = uow.session.exec(query).first()
    if row is None:
        return
    row.attempts += 1
    uow.session.add(
        AttemptRow(
            id=new_id("knk"), delivery_id=row.id, number=row.attempts, at=uow.now, status=knock.status,
            milliseconds=knock.milliseconds, problem=knock.problem,
        )
    )  # fmt: skip
    if row.lease == parcel.lease:
        row.lease, row.leased_until = "", None
        next_at = uow.now + pause(parcel.attempt, chance, knock.retry_after)
        if knock.arrived:
            row.state, row.ended_at = DeliveryState.DELIVERED.value, uow.now
        elif knock.hopeless or next_at > row.give_up_at:
            row.state, row.ended_at = DeliveryState.GIVEN_UP.value, uow.now
        else:
            row.next_at = next_at
    uow.session.add(row)


def forget(uow: UnitOfWork) -> int:
    """Delete messages older than 90 days and how they went; return how many. The audit log keeps the events."""
    old = select(MessageRow.id).where(MessageRow.created_at < uow.now - KEPT)
    ended = select(DeliveryRow.id).where(col(DeliveryRow.message_id).in_(old))
    uow.session.execute(delete(AttemptRow).where(col(AttemptRow.delivery_id).in_(ended)))
    uow.session.execute(delete(DeliveryRow).where(col(DeliveryRow.message_id).in_(old)))
    gone = uow.session.execute(delete(MessageRow).where(col(MessageRow.created_at) < uow.now - KEPT))
    return int(getattr(gone, "rowcount", 0))


def _busy(uow: UnitOfWork) -> dict[str, int]:
    query = (
        select(DeliveryRow.endpoint_id, func.count())
        .where(DeliveryRow.state == DeliveryState.WAITING.value, col(DeliveryRow.leased_until) > uow.now)
        .group_by(DeliveryRow.endpoint_id)
    )
    return dict(uow.session.exec(query).all())
