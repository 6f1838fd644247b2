"""Rows of drafts, evaluations and reviews of names."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class DraftRow(SQLModel, table=True):
    """An upload before its submission: which files have arrived."""

    __tablename__ = "intake_draft"

    id: str = Field(primary_key=True)
    author_id: str = Field(index=True)
    created_at: datetime = Field(sa_column=utc())
    artifact: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    table: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    version_id: str = ""


class EvaluationRow(SQLModel, table=True):
    """The one evaluation of a version."""

    __tablename__ = "evaluation"

    id: str = Field(primary_key=True)
    version_id: str = Field(unique=True, foreign_key="model_version.id")
    dataset_id: str
    started_at: datetime = Field(sa_column=utc())
    finished_at: datetime = Field(sa_column=utc())
    rows: int
    metrics: dict[str, Any] = Field(sa_column=json_column())
    threshold: float | None
    confusion: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    curves: dict[str, Any] = Field(sa_column=json_column())
    latency_p50_ms: float
    latency_p95_ms: float
    memory_mb: float
    reproducible: bool
    predictions_digest: str
    notes: list[str] = Field(sa_column=json_column())


class NamesReviewRow(SQLModel, table=True):
    """A person's approval of the unknown names in one file, bound to its bytes, the names and the list."""

    __tablename__ = "names_review"
    __table_args__ = (UniqueConstraint("artifact_digest", "names_digest", "list_version"),)

    id: str = Field(primary_key=True)
    artifact_digest: str
    names_digest: str
    list_version: str
    reviewer_id: str
    reviewed_at: datetime = Field(sa_column=utc())
