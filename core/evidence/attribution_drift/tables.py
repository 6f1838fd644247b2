"""Rows of attribution drift."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class AttributionMonthRow(SQLModel, table=True):
    """One month of one version; `values_digest` names the explanation that it is held against."""

    __tablename__ = "attribution_month"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    start: date = Field(primary_key=True)
    values_digest: str
    rows: int
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
