"""Rows of use cases, models, versions and model cards."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class UseCaseRow(SQLModel, table=True):
    """One use case."""

    __tablename__ = "use_case"

    id: str = Field(primary_key=True)
    slug: str = Field(unique=True)
    title: str
    purpose: str
    owner_id: str
    task: str
    risk_tier: str
    risk_answers: dict[str, bool] = Field(default_factory=dict, sa_column=json_column())
    lawful_basis: str
    affected_people: str
    human_oversight: str
    applications: list[str] = Field(sa_column=json_column())
    currency: str
    created_at: datetime = Field(sa_column=utc())


class ModelRow(SQLModel, table=True):
    """A line of versions within a use case."""

    __tablename__ = "model"
    __table_args__ = (UniqueConstraint("use_case_id", "name"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    name: str
    created_by: str
    created_at: datetime = Field(sa_column=utc())


class VersionRow(SQLModel, table=True):
    """One version; artifact, table and submission facts never change after insertion."""

    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("use_case_id", "number"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    model_id: str = Field(foreign_key="model.id", index=True)
    number: int
    state: str
    author_id: str = Field(index=True)
    created_at: datetime = Field(sa_column=utc())
    artifact_digest: str = Field(index=True)
    artifact_name: str
    artifact_size: int
    format: str
    verdict: str
    names: list[str] = Field(sa_column=json_column())
    isolation: str
    refusal: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    dataset_id: str
    dataset_digest: str
    table_digest: str = ""
    label_column: str
    positive_label: str
    operating_threshold: float | None
    signature: dict[str, Any] = Field(sa_column=json_column())
    note: str
    mapping: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    score_column: str = ""
    origin: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class PartRow(SQLModel, table=True):
    """One further part of what is released; it belongs to an upload until the submission binds it to a version."""

    __tablename__ = "bundle_part"

    id: str = Field(primary_key=True)
    upload_id: str = Field(index=True)
    version_id: str | None = Field(default=None, foreign_key="model_version.id", index=True)
    kind: str
    name: str
    digest: str
    size: int
    added_by: str
    added_at: datetime = Field(sa_column=utc())


class CardRevisionRow(SQLModel, table=True):
    """One revision of the typed fields of a model card."""

    __tablename__ = "card_revision"
    __table_args__ = (UniqueConstraint("version_id", "number"),)

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    number: int
    values: dict[str, str] = Field(sa_column=json_column())
    author_id: str
    created_at: datetime = Field(sa_column=utc())
