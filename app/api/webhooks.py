"""Webhooks over REST: who is told of what, how each delivery went, and once more by hand."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.platform.access.permissions import Permission, require
from core.platform.notices import commands, queries
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.queries import Attempt, Delivery, Endpoint
from core.platform.store import Actor

router = APIRouter(tags=["webhooks"])
Caller = Annotated[Actor, Depends(actor)]


class WebhookIn(BaseModel):
    """Who is told of what: `kinds` are actions such as `release.signed`, or families such as `release.*`."""

    label: str = Field(max_length=80, examples=["Deployment"])
    url: str = Field(max_length=500, examples=["https://deploy.example/aval"])
    kinds: list[str] = Field(default=["release.*"], max_length=40)
    shape: Literal["signed", "slack", "teams"] = "signed"
    language: Literal["en", "pt_BR"] = "en"


class WebhookChange(BaseModel):
    """What is given is changed."""

    label: str | None = Field(default=None, max_length=80)
    url: str | None = Field(default=None, max_length=500)
    kinds: list[str] | None = Field(default=None, max_length=40)
    active: bool | None = None


class WebhookOut(BaseModel):
    """An endpoint; its secret is never read again."""

    id: str
    label: str
    url: str
    kinds: list[str]
    active: bool
    shape: str
    language: str
    created_by: str
    created_at: datetime
    has_secret: bool


class WebhookMade(WebhookOut):
    """An endpoint with its secret, for the one time that it is shown."""

    secret: str


class SecretOut(BaseModel):
    """A new secret, for the one time that it is shown."""

    secret: str


class AttemptOut(BaseModel):
    """One knock; `problem` is empty where the message was taken."""

    number: int
    at: datetime
    status: int | None
    milliseconds: int
    problem: str


class DeliveryOut(BaseModel):
    """One message to one endpoint; `message` is the id that the receiver sees, the same at every knock."""

    id: str
    message: str
    kind: str
    subject: str
    log_index: int
    state: DeliveryState
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None
    attempts: list[AttemptOut]


@router.get("/webhooks", summary="Webhooks")
def list_all(caller: Caller) -> list[WebhookOut]:
    """Answer every endpoint."""
    require(caller, Permission.MANAGE_SETTINGS)
    with reading() as view:
        return [_out(found) for found in queries.endpoints(view)]


@router.post("/webhooks", status_code=status.HTTP_201_CREATED, summary="Add a webhook")
def create(body: WebhookIn, caller: Caller) -> WebhookMade:
    """Register an endpoint; the answer holds its secret, which is never shown again."""
    with unit_of_work(caller) as uow:
        endpoint_id, secret = commands.add_endpoint(
            uow,
            label=body.label,
            url=body.url,
            kinds_asked=body.kinds,
            shape=body.shape,
            language=body.language,
        )
        return WebhookMade(**_out(queries.endpoint(uow.session, endpoint_id)).model_dump(), secret=secret)


@router.patch("/webhooks/{webhook_id}", summary="Change a webhook")
def change(webhook_id: str, body: WebhookChange, caller: Caller) -> WebhookOut:
    """Change label, address, kinds, or pause it and let it go on."""
    with unit_of_work(caller) as uow:
        commands.change_endpoint(
            uow, webhook_id, label=body.label, url=body.url, kinds_asked=body.kinds, active=body.active
        )
        return _out(queries.endpoint(uow.session, webhook_id))


@router.delete("/webhooks/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove a webhook")
def remove(webhook_id: str, caller: Caller) -> None:
    """Tell it nothing more; what waits for it is given up."""
    with unit_of_work(caller) as uow:
        commands.remove_endpoint(uow, webhook_id)


@router.post("/webhooks/{webhook_id}/secret", summary="Renew a webhook's secret")
def renew(webhook_id: str, caller: Caller) -> SecretOut:
    """Replace the secret; the old one signs nothing more from now on."""
    with unit_of_work(caller) as uow:
        return SecretOut(secret=commands.renew_secret(uow, webhook_id))


@router.post("/webhooks/{webhook_id}/test", status_code=status.HTTP_202_ACCEPTED, summary="Send a test")
def test(webhook_id: str, caller: Caller) -> None:
    """Send a message of kind `webhook.test`; the deliveries tell how it went."""
    with unit_of_work(caller) as uow:
        commands.send_test(uow, webhook_id)


@router.get("/webhooks/{webhook_id}/deliveries", summary="The delivery log")
def deliveries(
    webhook_id: str,
    caller: Caller,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[DeliveryOut]:
    """Answer what was sent, newest event first, with every knock."""
    require(caller, Permission.MANAGE_SETTINGS)
    with reading() as view:
        queries.endpoint(view, webhook_id)
        return [_delivery(found) for found in queries.deliveries(view, webhook_id, state=state, limit=limit)]


@router.post("/deliveries/{delivery_id}", status_code=status.HTTP_202_ACCEPTED, summary="Deliver once more")
def redeliver(delivery_id: str, caller: Caller) -> DeliveryOut:
    """Send the same bytes under the same id once more."""
    with unit_of_work(caller) as uow:
        commands.redeliver(uow, delivery_id)
        return _delivery(queries.delivery(uow.session, delivery_id))


def _out(found: Endpoint) -> WebhookOut:
    return WebhookOut(
        id=found.id,
        label=found.label,
        url=found.url,
        kinds=list(found.kinds),
        active=found.active,
        shape=found.shape.value,
        language=found.language,
        created_by=found.created_by,
        created_at=found.created_at,
        has_secret=found.has_secret,
    )


def _delivery(found: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=found.id,
        message=found.message_id,
        kind=found.kind,
        subject=found.subject,
        log_index=found.sequence,
        state=found.state,
        created_at=found.created_at,
        next_at=found.next_at,
        ended_at=found.ended_at,
        attempts=[_attempt(knock) for knock in found.attempts],
    )


def _attempt(knock: Attempt) -> AttemptOut:
    return AttemptOut(
        number=knock.number,
        at=knock.at,
        status=knock.status,
        milliseconds=knock.milliseconds,
        problem=knock.problem,
    )
