"""Rows of the prediction log, its profiles and measured performance."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel

from core.platform.store.columns import json_column, utc


class BatchRow(SQLModel, table=True):
    """One file of predictions or labels as it was taken: counts and reasons, never its content."""

    __tablename__ = "prediction_batch"
    __table_args__ = (Index("ix_prediction_batch_version", "version_id", "kind", "source_digest"),)

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    kind: str
    source_digest: str
    received_at: datetime = Field(sa_column=utc())
    sender_id: str
    rows: int
    accepted: int
    repeated: int
    revised: int
    refused: int
    waiting: int = 0
    first_day: date | None
    last_day: date | None
    reasons: list[dict[str, Any]] = Field(sa_column=json_column())
    ignored: list[str] = Field(sa_column=json_column())


class PartRow(SQLModel, table=True):
    """One day's rows of one batch: a row group of a content-addressed Parquet file."""

    __tablename__ = "prediction_part"
    __table_args__ = (Index("ix_prediction_part_day", "version_id", "kind", "day"),)

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    batch_id: str = Field(foreign_key="prediction_batch.id")
    kind: str
    sequence: int
    day: date
    digest: str
    row_group: int
    rows: int
    profiled: bool = False


class PayloadRow(SQLModel, table=True):
    """One half of a served call as a payload logger sent it; gone once both halves are in the log."""

    __tablename__ = "prediction_payload"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    event_id: str = Field(primary_key=True)
    half: str = Field(primary_key=True)
    at: datetime = Field(sa_column=utc())
    body: dict[str, Any] = Field(sa_column=json_column())
    received_at: datetime = Field(sa_column=utc(index=True))


class LogRow(SQLModel, table=True):
    """Where a use case's log lies and how long its rows are kept; without a row, in Aval's files and for good."""

    __tablename__ = "prediction_log"

    use_case_id: str = Field(primary_key=True, foreign_key="use_case.id")
    outside: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    keep_days: int | None = None
    looked_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    changed_by: str
    changed_at: datetime = Field(sa_column=utc())


class ReferenceRow(SQLModel, table=True):
    """What a version's windows are compared with: cells and counts of its evaluation table."""

    __tablename__ = "monitoring_reference"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    dataset_digest: str
    predictions_digest: str
    layout: list[dict[str, Any]] = Field(sa_column=json_column())
    rows: int
    body: bytes
    created_at: datetime = Field(sa_column=utc())
    labels_seen: int | None = None


class ProfileRow(SQLModel, table=True):
    """Counts of one day of one version: all columns in one value, the day's total and its hours.

    `hours` is empty where the day was counted before hours were kept; rebuilding the profiles fills it in.
    """

    __tablename__ = "monitoring_profile"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    day: date = Field(primary_key=True)
    rows: int
    body: bytes
    novel: dict[str, dict[str, int]] = Field(sa_column=json_column())
    hours: bytes | None = None


class ReferenceDayRow(SQLModel, table=True):
    """Counts of one day of a version's reference, where its table has moments: what seasons are compared with."""

    __tablename__ = "monitoring_reference_day"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    day: date = Field(primary_key=True)
    rows: int
    body: bytes
    hours: bytes


class EstimateRow(SQLModel, table=True):
    """One metric of one window as it is expected without labels; `method` is CBPE or DLE."""

    __tablename__ = "monitoring_estimate"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    grain: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    method: str
    value: float
    low: float
    high: float
    n: int


class JointRow(SQLModel, table=True):
    """One measure over several columns in one window, with the words of its variant and where it was largest."""

    __tablename__ = "monitoring_joint"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    grain: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    variant: str
    value: float
    before: float | None
    after: float | None
    where: list[str] = Field(sa_column=json_column())
    rows: int
    labelled: int


class PerformanceRow(SQLModel, table=True):
    """One metric of one window; bounds are empty where the sample allows none."""

    __tablename__ = "monitoring_performance"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    grain: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    value: float
    low: float | None
    high: float | None
    n: int
