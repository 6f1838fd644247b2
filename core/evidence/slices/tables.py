"""Rows of error analyses."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class SlicesRow(SQLModel, table=True):
    """Where one version fails."""

    __tablename__ = "error_slices"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    predictions_digest: str
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
