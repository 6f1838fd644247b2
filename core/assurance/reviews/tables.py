"""Rows of reviews: requests of affected people, what was found of their case, decisions, letters."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class ReviewRow(SQLModel, table=True):
    """One request. Who asked, and what they wrote, is ciphertext under the key of the subject."""

    __tablename__ = "review_request"
    __table_args__ = (Index("ix_review_request_state", "state", "due_at"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    kind: str
    law: str
    article: str
    by_law: bool
    language: str
    channel: str
    subject_id: str = Field(index=True)
    requester: str
    message: str
    version_id: str
    prediction_id: str
    received_at: datetime = Field(sa_column=utc())
    due_at: datetime = Field(sa_column=utc())
    taken_by: str
    state: str
    assigned_to: str = ""
    outcome: str = ""
    reason: str = ""
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    answered_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    trade_secret: str = ""


class CaseRow(SQLModel, table=True):
    """What was found of the decision that a request speaks of; the body is ciphertext under the subject's key."""

    __tablename__ = "review_case"

    id: str = Field(primary_key=True)
    review_id: str = Field(foreign_key="review_request.id", index=True)
    version_id: str
    prediction_id: str
    usable: bool
    corrected: bool
    body: str
    found_at: datetime = Field(sa_column=utc())


class LetterRow(SQLModel, table=True):
    """One letter as it was written; the text is ciphertext under the subject's key."""

    __tablename__ = "review_letter"
    __table_args__ = (UniqueConstraint("review_id", "number"),)

    id: str = Field(primary_key=True)
    review_id: str = Field(foreign_key="review_request.id", index=True)
    number: int
    language: str
    template: str
    body: str
    digest: str
    ease: float
    elements: list[str] = Field(sa_column=json_column())
    written_by: str
    written_at: datetime = Field(sa_column=utc())
    sent_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
