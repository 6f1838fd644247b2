"""The rows of what leaves Aval: endpoints, messages, and how each delivery went."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class EndpointRow(SQLModel, table=True):
    """Somebody who wants to be told; removed ones stay, for the log.

    `shape` says how a message is written and carried (see `shapes`); a person's own mailbox names them in `person_id`.
    """

    __tablename__ = "webhook_endpoint"

    id: str = Field(primary_key=True)
    label: str
    url: str
    shape: str = "signed"
    language: str = "en"
    person_id: str = Field(default="", index=True)
    kinds: list[str] = Field(sa_column=json_column())
    active: bool = True
    created_by: str
    created_at: datetime = Field(sa_column=utc())
    removed_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class SecretRow(SQLModel, table=True):
    """What an endpoint's messages are signed with, or an address that is itself a secret.

    In no export and no backup: after a restore it is renewed.
    """

    __tablename__ = "webhook_secret"

    endpoint_id: str = Field(primary_key=True)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class MessageRow(SQLModel, table=True):
    """The exact bytes that are sent about one event; every delivery of it carries the same id."""

    __tablename__ = "webhook_message"

    id: str = Field(primary_key=True)
    kind: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=utc(index=True))


class DeliveryRow(SQLModel, table=True):
    """One message on its way to one endpoint: the outbox, and how it ended."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        Index("ix_webhook_delivery_due", "state", "next_at"),
        Index("ix_webhook_delivery_order", "endpoint_id", "subject", "sequence"),
        Index("ix_webhook_delivery_log", "endpoint_id", "sequence"),
    )

    id: str = Field(primary_key=True)
    endpoint_id: str = Field(foreign_key="webhook_endpoint.id")
    message_id: str = Field(foreign_key="webhook_message.id", index=True)
    subject: str
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    attempts: int = 0
    next_at: datetime = Field(sa_column=utc())
    give_up_at: datetime = Field(sa_column=utc())
    lease: str = ""
    leased_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class AttemptRow(SQLModel, table=True):
    """One knock: when, what was answered, how long it took."""

    __tablename__ = "webhook_attempt"

    id: str = Field(primary_key=True)
    delivery_id: str = Field(foreign_key="webhook_delivery.id", index=True)
    number: int
    at: datetime = Field(sa_column=utc())
    status: int | None = None
    milliseconds: int
    problem: str = ""
