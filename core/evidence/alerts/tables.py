"""Rows of alerts."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel

from core.platform.store.columns import json_column, utc


class AlertRow(SQLModel, table=True):
    """One episode of one rule against one column; acknowledging it does not end it."""

    __tablename__ = "monitoring_alert"
    __table_args__ = (Index("ix_monitoring_alert_open", "resolved_at", "version_id"),)

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    rule: str
    rule_kind: str
    rule_version: str
    subject: str
    grain: str
    first_start: date
    last_start: date
    last_end: date
    worst: float
    limit: float
    template: str
    reason: dict[str, Any] = Field(sa_column=json_column())
    raised_at: datetime = Field(sa_column=utc())
    resolved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    acknowledged_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    acknowledged_by: str = ""
