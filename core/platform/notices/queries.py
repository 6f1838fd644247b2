"""Read endpoints and how their deliveries went."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from core.errors import NotFound
from core.i18n import N_
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.shapes import Shape
from core.platform.notices.tables import AttemptRow, DeliveryRow, EndpointRow, MessageRow, SecretRow


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody who is told; its secret is shown once and never read again."""

    id: str
    label: str
    url: str
    kinds: tuple[str, ...]
    active: bool
    created_by: str
    created_at: datetime
    has_secret: bool
    shape: Shape = Shape.SIGNED
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One knock at an endpoint; `problem` is a key of `PROBLEMS`, empty where it was taken."""

    number: int
    at: datetime
    status: int | None
    milliseconds: int
    problem: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint, with every knock, oldest first."""

    id: str
    endpoint_id: str
    message_id: str
    kind: str
    subject: str
    sequence: int
    state: DeliveryState
    created_at: datetime
    next_at: datetime
    give_up_at: datetime
    ended_at: datetime | None
    attempts: tuple[Attempt, ...]


def endpoints(session: Session) -> tuple[Endpoint, ...]:
    """Return every endpoint that was not removed, oldest first; people's own mailboxes are theirs."""
    rows = session.exec(
        select(EndpointRow, SecretRow.endpoint_id)
        .join(SecretRow, col(SecretRow.endpoint_id) == EndpointRow.id, isouter=True)
        .where(col(EndpointRow.removed_at).is_(None), EndpointRow.shape != Shape.MAIL.value)
        .order_by(col(EndpointRow.created_at), EndpointRow.id)
    )
    return tuple(
        Endpoint(
            row.id, row.label, row.url, tuple(row.kinds), row.active, row.created_by, row.created_at,
            secret is not None, Shape(row.shape), row.language,
        )
        for row, secret in rows
    )  # fmt: skip


def endpoint(session: Session, endpoint_id: str) -> Endpoint:
    """Return one endpoint; raise `NotFound`."""
    for found in endpoints(session):
        if found.id == endpoint_id:
            return found
    raise NotFound("webhook.unknown", N_("There is no webhook {id}."), id=endpoint_id)


def deliveries(
    session: Session, endpoint_id: str, *, state: DeliveryState | None = None, limit: int = 50
) -> tuple[Delivery, ...]:
    """Return an endpoint's deliveries, newest event first."""
    query = (
        select(DeliveryRow, MessageRow.kind, MessageRow.created_at)
        .join(MessageRow, col(MessageRow.id) == DeliveryRow.message_id)
        .where(DeliveryRow.endpoint_id == endpoint_id)
        .order_by(col(DeliveryRow.sequence).desc(), DeliveryRow.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(DeliveryRow.state == state.value)
    rows = list(session.exec(query))
    knocks = _attempts(session, [row.id for row, _kind, _at in rows])
    return tuple(_delivery(row, kind, at, knocks.get(row.id, ())) for row, kind, at in rows)


def delivery(session: Session, delivery_id: str) -> Delivery:
    """Return one delivery; raise `NotFound`."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise NotFound("webhook.no_delivery", N_("There is no delivery {id}."), id=delivery_id)
    message = session.exec(select(MessageRow).where(MessageRow.id == row.message_id)).one()
    knocks = _attempts(session, [row.id]).get(row.id, ())
    return _delivery(row, message.kind, message.created_at, knocks)


def sent(session: Session, delivery_id: str) -> Mapping[str, object]:
    """Return what was sent, read back from its exact bytes."""
    found = delivery(session, delivery_id)
    body = session.exec(select(MessageRow.body).where(MessageRow.id == found.message_id)).one()
    content: Mapping[str, object] = json.loads(body)
    return content


def counts(session: Session) -> dict[str, dict[DeliveryState, int]]:
    """Return how many deliveries of each endpoint stand in each state."""
    found: dict[str, dict[DeliveryState, int]] = {}
    query = select(DeliveryRow.endpoint_id, DeliveryRow.state, func.count()).group_by(
        DeliveryRow.endpoint_id, DeliveryRow.state
    )
    for endpoint_id, state, number in session.exec(query):
        found.setdefault(endpoint_id, {})[DeliveryState(state)] = number
    return found


def anything_due(session: Session, now: datetime) -> bool:
    """Say whether a delivery may be waiting for its turn: cheap, asked every second."""
    query = select(DeliveryRow.id).where(
        DeliveryRow.state == DeliveryState.WAITING.value,
        DeliveryRow.next_at <= now,
        or_(col(DeliveryRow.leased_until).is_(None), col(DeliveryRow.leased_until) <= now),
    )
    return session.exec(query.limit(1)).first() is not None


def _attempts(session: Session, ids: list[str]) -> dict[str, tuple[Attempt, ...]]:
    found: dict[str, tuple[Attempt, ...]] = {}
    query = select(AttemptRow).where(col(AttemptRow.delivery_id).in_(ids)).order_by(col(AttemptRow.number))
    for row in session.exec(query):
        knock = Attempt(row.number, row.at, row.status, row.milliseconds, row.problem)
        found[row.delivery_id] = (*found.get(row.delivery_id, ()), knock)
    return found


def _delivery(row: DeliveryRow, kind: str, at: datetime, knocks: tuple[Attempt, ...]) -> Delivery:
    return Delivery(
        id=row.id,
        endpoint_id=row.endpoint_id,
        message_id=row.message_id,
        kind=kind,
        subject=row.subject,
        sequence=row.sequence,
        state=DeliveryState(row.state),
        created_at=at,
        next_at=row.next_at,
        give_up_at=row.give_up_at,
        ended_at=row.ended_at,
        attempts=knocks,
    )
