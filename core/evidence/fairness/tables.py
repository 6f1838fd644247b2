"""Rows of declared protected attributes and of fairness reports."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class DeclarationRow(SQLModel, table=True):
    """Which attributes are protected in a use case, what is favourable, and where their values lie."""

    __tablename__ = "fairness_declaration"

    use_case_id: str = Field(primary_key=True, foreign_key="use_case.id")
    attributes: list[str] = Field(sa_column=json_column())
    none_reason: str
    favourable: str
    preset: str
    dataset_id: str
    key_column: str
    declared_by: str
    declared_at: datetime = Field(sa_column=utc())


class ReportRow(SQLModel, table=True):
    """The report of one version on its evaluation data."""

    __tablename__ = "fairness_report"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    predictions_digest: str
    people_digest: str
    preset: str
    favourable: str
    rows: int
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())


class TrendRow(SQLModel, table=True):
    """The same metrics month by month, from the prediction log."""

    __tablename__ = "fairness_trend"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    people_digest: str
    rows: int
    body: list[dict[str, Any]] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
