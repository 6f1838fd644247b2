"""Rows of shadow runs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Index, SQLModel

from core.platform.store.columns import json_column, utc

_OPEN = text("ended_at IS NULL")


class ShadowRow(SQLModel, table=True):
    """One challenger beside one champion, from its start to its end."""

    __tablename__ = "shadow"
    __table_args__ = (
        Index(
            "one_open_shadow",
            "champion",
            "challenger",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    champion: str = Field(foreign_key="model_version.id", index=True)
    challenger: str = Field(foreign_key="model_version.id")
    started_by: str
    started_at: datetime = Field(sa_column=utc())
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class ShadowMonthRow(SQLModel, table=True):
    """One month of the champion's log as it stood when the challenger answered it."""

    __tablename__ = "shadow_month"

    shadow_id: str = Field(primary_key=True, foreign_key="shadow.id")
    start: date = Field(primary_key=True)
    rows: int
    labelled: int
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
