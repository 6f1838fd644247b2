"""Rows of robustness reports."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class RobustnessRow(SQLModel, table=True):
    """What shaking the inputs did to one version."""

    __tablename__ = "robustness_report"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    model_digest: str
    data_digest: str
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
