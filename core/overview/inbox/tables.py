"""Rows of the inbox: who was told of which entry of the log, how people want it, what was handed on or put off."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class NoticeRow(SQLModel, table=True):
    """One person was told of one entry; `mail` is `daily` while it waits for the summary, empty otherwise."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("person_id", "log_index"),
        Index("ix_notice_unread", "person_id", "read_at", "log_index"),
        Index("ix_notice_mail", "mail", "person_id"),
    )

    id: str = Field(primary_key=True)
    person_id: str
    log_index: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str
    at: datetime = Field(sa_column=utc())
    read_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    mail: str = ""


class CursorRow(SQLModel, table=True):
    """How far the log was read: entries before `position` were told."""

    __tablename__ = "notice_cursor"

    id: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))


class PreferenceRow(SQLModel, table=True):
    """How one person wants to be told; without a row the usual holds."""

    __tablename__ = "notice_preference"

    person_id: str = Field(primary_key=True)
    ways: dict[str, Any] = Field(sa_column=json_column())
    quiet_from: int | None = None
    quiet_to: int | None = None
    zone: str
    summary_at: int
    summed_up_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class HandoverRow(SQLModel, table=True):
    """An item that somebody handed to somebody; `note` is ciphertext under the giver's key."""

    __tablename__ = "inbox_handover"

    key: str = Field(primary_key=True)
    to_id: str = Field(index=True)
    by_id: str
    note: str
    at: datetime = Field(sa_column=utc())
    due_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    escalated: bool


class SnoozeRow(SQLModel, table=True):
    """An item that one person put off."""

    __tablename__ = "inbox_snooze"

    person_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    until: datetime = Field(sa_column=utc())
