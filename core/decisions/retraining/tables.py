"""Rows of retraining policies, requests and votes."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc

_OPEN = text("state IN ('proposed', 'running', 'outside', 'checking')")


class RetrainingPolicyRow(SQLModel, table=True):
    """What proposes a retraining of a use case, as it was set last."""

    __tablename__ = "retraining_policy"

    use_case_id: str = Field(primary_key=True, foreign_key="use_case.id")
    body: dict[str, Any] = Field(sa_column=json_column())
    set_by: str
    set_at: datetime = Field(sa_column=utc())


class RetrainingRow(SQLModel, table=True):
    """One retraining from its proposal to its challenger."""

    __tablename__ = "retraining"
    __table_args__ = (
        Index("ix_retraining_use_case", "use_case_id", "proposed_at"),
        Index("one_open_retraining", "use_case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id")
    champion: str = Field(foreign_key="model_version.id")
    state: str = Field(index=True)
    recipe: str
    triggers: list[dict[str, Any]] = Field(sa_column=json_column())
    areas: list[str] = Field(sa_column=json_column())
    proposed_by: str
    proposed_at: datetime = Field(sa_column=utc())
    decided_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    challenger: str = Field(default="", index=True)
    snapshot: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    result: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    problem: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class RetrainingVoteRow(SQLModel, table=True):
    """One area's answer; one a person and one an area."""

    __tablename__ = "retraining_vote"
    __table_args__ = (UniqueConstraint("retraining_id", "person_id"),)

    retraining_id: str = Field(primary_key=True, foreign_key="retraining.id")
    area: str = Field(primary_key=True)
    person_id: str
    consents: bool
    reason: str
    at: datetime = Field(sa_column=utc())
