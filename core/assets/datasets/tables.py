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
    sensitive: list[str] = Field(default_factory=list, sa_column=json_column())
    purposes: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    flags_confirmed_by: str = ""
    flags_confirmed_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    lawful_basis: str
    created_by: str
    created_at: datetime = Field(sa_column=utc())
