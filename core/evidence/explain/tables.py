"""Rows of stored explanations; the values themselves are Parquet files."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class ExplanationRow(SQLModel, table=True):
    """The attributions of one version on its evaluation data."""

    __tablename__ = "explanation"

    id: str = Field(primary_key=True)
    version_id: str = Field(index=True, unique=True)
    model_digest: str = Field(index=True)
    data_digest: str
    label: str
    method: str
    question: str
    unit: str
    fallback: str
    rows: int
    population: int
    background: int
    base: float
    max_error: float
    largest_standard_error: float
    importance: list[dict[str, Any]] = Field(sa_column=json_column())
    values_digest: str
    seconds: float
    created_at: datetime = Field(sa_column=utc())


class TrialRow(SQLModel, table=True):
    """What a version's explanation showed when it was put on trial; `values_digest` names the values it speaks of."""

    __tablename__ = "explanation_trial"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    values_digest: str
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())


class PartialRow(SQLModel, table=True):
    """Partial dependence of a version's most important features; `values_digest` names the explanation it belongs to."""

    __tablename__ = "partial_dependence"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    values_digest: str
    body: list[dict[str, Any]] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
