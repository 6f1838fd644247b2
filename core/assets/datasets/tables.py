"""Rows of data sets."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class DatasetRow(SQLModel, table=True):
    """One immutable table."""

    __tablename__ = "dataset"

    id: str = Field(primary_key=True)
    digest: str = Field(index=True)
    source_digest: str
    name: str
    rows: int
    columns: list[dict[str, Any]] = Field(sa_column=json_column())
    protected: list[str] = Field(sa_column=json_column())
    personal: list[str] = Field(sa_column=json_column())
    lawful_basis: str
    created_by: str
    created_at: datetime = Field(sa_column=utc())
