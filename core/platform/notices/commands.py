"""Write endpoints; send again by hand. What the courier writes while it delivers stands in `carrying`."""

import os
from collections.abc import Collection

from sqlmodel import col, select

from core.errors import Conflict, Invalid, NotFound
from core.i18n import LANGUAGES, N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.notices import address, kinds, shapes, signature
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.pacing import KEEP_TRYING
from core.platform.notices.shapes import SECRET_ADDRESS, Shape
from core.platform.notices.tables import DeliveryRow, EndpointRow, SecretRow
from core.platform.store import UnitOfWork

MOST_ENDPOINTS = 50


def add_endpoint(
    uow: UnitOfWork,
    *,
    label: str,
    url: str,
    kinds_asked: Collection[str],
    shape: str = Shape.SIGNED.value,
    language: str = "en",
) -> tuple[str, str]:
    """Register who is to be told; return the endpoint's id and its secret, which is never shown again.

    A channel has no secret besides its address, which is kept as one.
    """
    require(uow.actor, Permission.MANAGE_SETTINGS)
    form = shapes.shape(shape)
    wanted = kinds.subscription(kinds_asked)
    found = uow.session.exec(
        select(EndpointRow.id).where(
            col(EndpointRow.removed_at).is_(None), EndpointRow.shape != Shape.MAIL.value
        )
    ).all()
    if len(found) >= MOST_ENDPOINTS:
        raise Conflict(
            "webhook.too_many",
            N_("There are {n} webhooks already."),
            fix=N_("Remove one that is not needed any more."),
            n=len(found),
        )
    row = EndpointRow(
        id=new_id("whk"),
        label=_label(label),
        url=_url(url),
        shape=form.value,
        language=language if language in LANGUAGES else "en",
        kinds=list(wanted),
        created_by=uow.actor.id,
        created_at=uow.now,
    )
    secret = "" if form in SECRET_ADDRESS else _fresh_secret(uow, row.id)
    if form in SECRET_ADDRESS:
        _keep_address(uow, row, row.url)
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "webhook.added",
        "webhook",
        row.id,
        {"host": address.target(row.url).host, "kinds": list(wanted), "shape": form.value},
    )
    return row.id, secret


def change_endpoint(
    uow: UnitOfWork,
    endpoint_id: str,
    *,
    label: str | None = None,
    url: str | None = None,
    kinds_asked: Collection[str] | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given; a paused endpoint keeps what waits for it, until that is given up."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = _locked(uow, endpoint_id)
    row.label = row.label if label is None else _label(label)
    if url is not None:
        row.url = _url(url)
        if Shape(row.shape) in SECRET_ADDRESS:
            _keep_address(uow, row, row.url)
    row.kinds = row.kinds if kinds_asked is None else list(kinds.subscription(kinds_asked))
    row.active = row.active if active is None else active
    uow.session.add(row)
    uow.record(
        "webhook.changed",
        "webhook",
        row.id,
        {"host": address.target(row.url).host, "kinds": list(row.kinds), "active": row.active},
    )


def renew_secret(uow: UnitOfWork, endpoint_id: str) -> str:
    """Replace an endpoint's secret; return the new one, which is never shown again."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = _locked(uow, endpoint_id)
    if Shape(row.shape) in SECRET_ADDRESS:
        raise Conflict(
            "webhook.address_is_secret",
            N_("A channel's address is its only secret."),
            fix=N_("Make a new address in the channel's own settings and enter it here."),
        )
    secret = _fresh_secret(uow, row.id)
    uow.record("webhook.secret_renewed", "webhook", row.id)
    return secret


def remove_endpoint(uow: UnitOfWork, endpoint_id: str) -> None:
    """Tell an endpoint nothing more; what waits for it is given up, its secret is deleted."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = _locked(uow, endpoint_id)
    row.active, row.removed_at = False, uow.now
    uow.session.add(row)
    secret = uow.session.get(SecretRow, row.id)
    if secret is not None:
        uow.session.delete(secret)
    waiting = select(DeliveryRow).where(
        DeliveryRow.endpoint_id == row.id, DeliveryRow.state == DeliveryState.WAITING.value
    )
    for one in uow.session.exec(waiting.with_for_update()):
        one.state, one.ended_at, one.lease = DeliveryState.GIVEN_UP.value, uow.now, ""
        uow.session.add(one)
    uow.record("webhook.removed", "webhook", row.id)


def send_test(uow: UnitOfWork, endpoint_id: str) -> None:
    """Send a message of kind `webhook.test` to one endpoint alone: the outbox reads it from this very event."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = _locked(uow, endpoint_id)
    uow.record(kinds.TEST, "webhook", row.id)


def redeliver(uow: UnitOfWork, delivery_id: str) -> None:
    """Send a message once more, for a day: the same bytes under the same id, so that a receiver knows it again."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    query = select(DeliveryRow).where(DeliveryRow.id == delivery_id).with_for_update()
    row = uow.session.exec(query).first()
    if row is None:
        raise NotFound("webhook.no_delivery", N_("There is no delivery {id}."), id=delivery_id)
    endpoint = _locked(uow, row.endpoint_id)
    if not endpoint.active:
        raise Conflict(
            "webhook.paused",
            N_("This webhook is paused, so nothing is sent to it."),
            fix=N_("Switch it on first."),
        )
    row.state, row.next_at, row.give_up_at = DeliveryState.WAITING.value, uow.now, uow.now + KEEP_TRYING
    row.ended_at = None
    uow.session.add(row)
    uow.record("webhook.redelivered", "webhook", row.endpoint_id, {"message": row.message_id})


def _locked(uow: UnitOfWork, endpoint_id: str) -> EndpointRow:
    query = select(EndpointRow).where(
        EndpointRow.id == endpoint_id,
        col(EndpointRow.removed_at).is_(None),
        EndpointRow.shape != Shape.MAIL.value,
    )
    row = uow.session.exec(query.with_for_update()).first()
    if row is None:
        raise NotFound("webhook.unknown", N_("There is no webhook {id}."), id=endpoint_id)
    return row


def _fresh_secret(uow: UnitOfWork, endpoint_id: str) -> str:
    secret = os.urandom(signature.SECRET_BYTES)
    uow.session.merge(SecretRow(endpoint_id=endpoint_id, secret=secret))
    uow.session.flush()
    return signature.written(secret)


def _keep_address(uow: UnitOfWork, row: EndpointRow, url: str) -> None:
    """Keep an address as a secret; the row shows only where it leads."""
    uow.session.merge(SecretRow(endpoint_id=row.id, secret=url.encode()))
    row.url = shapes.shown(url)


def _label(label: str) -> str:
    said = label.strip()
    if not 1 <= len(said) <= 80:
        raise Invalid("webhook.label", N_("Say in 1 to 80 characters who is told."), field="label")
    return said


def _url(url: str) -> str:
    """Check an address as far as its text goes; where its name leads is judged each time it is spoken to."""
    address.target(url.strip())
    return url.strip()
