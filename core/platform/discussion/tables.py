"""The rows of conversations: what was said last, and what was said before it was edited. Texts are sealed per person."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.platform.store.columns import utc


class CommentRow(SQLModel, table=True):
    """One comment on a subject; `text` is ciphertext under its author's key."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_subject", "subject_kind", "subject_id", "written_at"),)

    id: str = Field(primary_key=True)
    subject_kind: str
    subject_id: str
    author_id: str = Field(index=True)
    text: str
    written_at: datetime = Field(sa_column=utc())
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
