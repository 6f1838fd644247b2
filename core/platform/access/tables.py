"""Rows of people and of the ways in.

Names and e-mail addresses live in `person` and nowhere else, as ciphertext under the person's own key.
"""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class HouseRow(SQLModel, table=True):
    """One row: whose store this is (`demo` or `own`), and the key of throttling pseudonyms."""

    __tablename__ = "house"

    id: str = Field(primary_key=True)
    kind: str
    pepper: str
    claimed_at: datetime = Field(sa_column=utc())


class PersonRow(SQLModel, table=True):
    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name_sealed: str
    email_sealed: str
    email_index: str | None = Field(default=None, unique=True)
    password_hash: str | None = None
    language: str = "en"
    created_at: datetime = Field(sa_column=utc())
    disabled_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    erased_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class PersonKeyRow(SQLModel, table=True):
    """The key of one person's data, and the one that finds people by address; never exported, never in a backup."""

    __tablename__ = "person_key"

    person_id: str = Field(primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))


class PersonRoleRow(SQLModel, table=True):
    __tablename__ = "person_role"

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True)
    granted_at: datetime = Field(sa_column=utc())


class SessionRow(SQLModel, table=True):
    """A signed-in browser; the store holds only the SHA-256 of what the cookie carries."""

    __tablename__ = "session"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    opened_at: datetime = Field(sa_column=utc())
    seen_at: datetime = Field(sa_column=utc())
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    how: str


class TokenRow(SQLModel, table=True):
    """A program's way in: acts for its person (`person`) or for itself (`service`)."""

    __tablename__ = "api_token"

    id: str = Field(primary_key=True)
    digest: str
    kind: str
    person_id: str = Field(foreign_key="person.id", index=True)
    label: str
    roles: list[str] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
    expires_at: datetime = Field(sa_column=utc())
    last_used_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class TicketRow(SQLModel, table=True):
    """A single-use permission for one purpose and one subject."""

    __tablename__ = "ticket"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    person_id: str | None = Field(default=None, foreign_key="person.id")
    purpose: str
    subject: str
    how: str = ""
    created_at: datetime = Field(sa_column=utc())
    expires_at: datetime = Field(sa_column=utc())
    used_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class ShareRow(SQLModel, table=True):
    """A link for somebody without an account; `digest` is its secret's, `label` is ciphertext under its maker's key."""

    __tablename__ = "share"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    scope: str
    label: str
    language: str
    created_by: str = Field(index=True)
    created_at: datetime = Field(sa_column=utc())
    expires_at: datetime = Field(sa_column=utc())
    revoked_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    opened: int = 0
    opened_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class AnswerRow(SQLModel, table=True):
    """What a repeatable request was answered with: asking again under the same key gets the same answer."""

    __tablename__ = "repeatable_answer"

    actor_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status: int = 0
    body: str = ""
    at: datetime = Field(sa_column=utc(index=True))


class AttemptRow(SQLModel, table=True):
    """One failed try, under keyed pseudonyms of account and address; swept when the window has passed."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_account_at", "account", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )

    id: str = Field(primary_key=True)
    account: str
    address: str
    at: datetime = Field(sa_column=utc())


class AccessReviewRow(SQLModel, table=True):
    """Somebody looked at who may do what, and whether it still should be so."""

    __tablename__ = "access_review"

    id: str = Field(primary_key=True)
    reviewed_by: str
    reviewed_at: datetime = Field(sa_column=utc(index=True))
    people: int
    tokens: int
    note: str
