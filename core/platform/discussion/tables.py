"""The rows of conversations: what was said last, and what was said before it was edited. Texts are sealed per person."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.platform.store.columns import utc


class CommentRow(SQLModel, table=True):
    """One comment on a subject; `text` is ciphertext under its author's key.

    `parent_id` is the comment that it answers, `anchor` the part of the subject that it points at, such as
    `feature:income` or `time:2026-05-01`.
    """

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_subject", "subject_kind", "subject_id", "written_at"),)

    id: str = Field(primary_key=True)
    subject_kind: str
    subject_id: str
    author_id: str = Field(index=True)
    text: str
    written_at: datetime = Field(sa_column=utc())
    parent_id: str = Field(default="", index=True)
    anchor: str = ""
    edited_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    resolved_by: str = ""
    resolved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class CommentEditRow(SQLModel, table=True):
    """What a comment said until it was edited."""

    __tablename__ = "comment_edit"

    id: str = Field(primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True)
    text: str
    replaced_at: datetime = Field(sa_column=utc())


class ReactionRow(SQLModel, table=True):
    """One person's reaction to a comment; taken back, it is gone."""

    __tablename__ = "comment_reaction"

    comment_id: str = Field(primary_key=True, foreign_key="comment.id")
    person_id: str = Field(primary_key=True, index=True)
    reaction: str = Field(primary_key=True)
    at: datetime = Field(sa_column=utc())
