"""Rows of alerts, of what people did about them, of published rules, and of what is kept for pages."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class AlertRow(SQLModel, table=True):
    """One episode of one rule against one column; nothing that people do to it ends it, but another version may."""

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
    succeeded_by: str = ""
    acknowledged_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    acknowledged_by: str = ""
    owner_id: str = ""
    snoozed_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    escalated_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    peak_start: date | None = None
    causes: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())


class DeedRow(SQLModel, table=True):
    """One thing that somebody did about an alert; `note` is ciphertext under their key."""

    __tablename__ = "alert_deed"

    id: str = Field(primary_key=True)
    alert_id: str = Field(foreign_key="monitoring_alert.id", index=True)
    kind: str
    by: str
    at: datetime = Field(sa_column=utc())
    to: str = ""
    until: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    note: str = ""


class RulesRow(SQLModel, table=True):
    """One published version of a use case's rules; it never changes."""

    __tablename__ = "alert_rules"
    __table_args__ = (UniqueConstraint("use_case_id", "version"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    name: str
    version: str
    text: str
    published_by: str
    published_at: datetime = Field(sa_column=utc())


class BaselineRow(SQLModel, table=True):
    """What the labels of a version's evaluation were like: what later labels are compared with."""

    __tablename__ = "label_baseline"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    predictions_digest: str
    metrics: dict[str, float] = Field(sa_column=json_column())


class HealthRow(SQLModel, table=True):
    """A version's last month in a few numbers: what a list of a thousand models is drawn from."""

    __tablename__ = "monitoring_health"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    judged_at: datetime = Field(sa_column=utc())
    window_start: date
    window_end: date
    rows: int
    columns: int
    moved: int
    worst_column: str = ""
    worst_psi: float | None = None
    metric: str = ""
    value: float | None = None
    expected: float | None = None
    coverage: float = 0.0
    course: list[float] = Field(default_factory=list, sa_column=json_column())


class SplitRow(SQLModel, table=True):
    """One column in one window, split by the values of another: rows, missing share and PSI of each."""

    __tablename__ = "monitoring_split"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    subject: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    end: date = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    parts: list[dict[str, Any]] = Field(sa_column=json_column())
    computed_at: datetime = Field(sa_column=utc())
