"""Rows of the data owner's limits, and of answers about single cases."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class LimitsRow(SQLModel, table=True):
    """What may change in a use case, as its data owner said it last."""

    __tablename__ = "recourse_limits"

    use_case_id: str = Field(primary_key=True, foreign_key="use_case.id")
    body: dict[str, Any] = Field(sa_column=json_column())
    set_by: str
    set_at: datetime = Field(sa_column=utc())


class CaseAnswerRow(SQLModel, table=True):
    """One case as the model answered it: `key` names version, values, limits and threshold together."""

    __tablename__ = "case_answer"

    key: str = Field(primary_key=True)
    version_id: str = Field(index=True, foreign_key="model_version.id")
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
