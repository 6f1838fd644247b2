"""Rows of worth: cost matrices, frozen thresholds, promises and what came of them. Money is written as decimals."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class CostMatrixRow(SQLModel, table=True):
    """One version of a use case's values; never changed but by its signature."""

    __tablename__ = "cost_matrix"
    __table_args__ = (UniqueConstraint("use_case_id", "number"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    number: int
    currency: str
    cells: dict[str, str] = Field(sa_column=json_column())
    money_columns: list[str] = Field(sa_column=json_column())
    state: str
    author_id: str
    created_at: datetime = Field(sa_column=utc())
    signed_by: str = ""
    signed_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    confirmed_by: str = ""


class OperatingPointRow(SQLModel, table=True):
    """The threshold of a version, frozen, with its judgement on untouched rows; one per version."""

    __tablename__ = "operating_point"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    matrix_id: str = Field(foreign_key="cost_matrix.id")
    threshold: float
    chosen_by: str
    chosen_at: datetime = Field(sa_column=utc())
    validation: dict[str, Any] = Field(sa_column=json_column())
    judged: dict[str, Any] = Field(sa_column=json_column())
    bands: list[list[float]] = Field(sa_column=json_column())
    deviation: float
    monthly_rows: int


class ExplorationRow(SQLModel, table=True):
    """What each threshold is worth on the validation part of a version's evaluation rows, by one signed matrix."""

    __tablename__ = "threshold_exploration"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    matrix_id: str = Field(foreign_key="cost_matrix.id")
    points: list[dict[str, Any]] = Field(sa_column=json_column())
    best: dict[str, Any] = Field(sa_column=json_column())
    all_yes: float
    all_no: float
    monthly_rows: int
    explored_at: datetime = Field(sa_column=utc())


class PromiseRow(SQLModel, table=True):
    """What a release was approved to be worth in a month; written with the approval, never changed."""

    __tablename__ = "release_promise"

    request_id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    matrix_id: str = Field(foreign_key="cost_matrix.id")
    currency: str
    threshold: float
    monthly_rows: int
    value: str
    low: str
    high: str
    bands: list[list[float]] = Field(sa_column=json_column())
    made_at: datetime = Field(sa_column=utc())


class PromiseMonthRow(SQLModel, table=True):
    """What a month realised of a promise; `parts` tells whether the log has more since."""

    __tablename__ = "promise_month"

    request_id: str = Field(primary_key=True, foreign_key="release_promise.request_id")
    start: date = Field(primary_key=True)
    promised: str
    rows: int
    labelled: int
    value: str
    low: str | None
    high: str | None
    waiting: str
    volume: str
    mix: str
    quality: str
    parts: str
    observed_at: datetime = Field(sa_column=utc())
