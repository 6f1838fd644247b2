"""Rows of KPIs: the KPI, its revisions, and what was observed under each."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from core.platform.store.columns import utc


class KpiRow(SQLModel, table=True):
    """One KPI of a use case; `revision` is the one in force."""

    __tablename__ = "kpi"

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    revision: int
    created_at: datetime = Field(sa_column=utc())
    retired_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class KpiRevisionRow(SQLModel, table=True):
    """One revision; never changed after insertion."""

    __tablename__ = "kpi_revision"
    __table_args__ = (UniqueConstraint("kpi_id", "number"),)

    id: str = Field(primary_key=True)
    kpi_id: str = Field(foreign_key="kpi.id", index=True)
    number: int
    name: str
    question: str
    owner_id: str
    metric: str
    unit: str
    direction: str
    target: float
    warning: float | None
    critical: float | None
    window: str
    minimum_n: int
    author_id: str
    created_at: datetime = Field(sa_column=utc())


class ObservationRow(SQLModel, table=True):
    """One window of one revision for one model version; `value` is empty where nothing could be measured."""

    __tablename__ = "kpi_observation"

    revision_id: str = Field(primary_key=True, foreign_key="kpi_revision.id")
    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    start: date = Field(primary_key=True)
    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: str
    observed_at: datetime = Field(sa_column=utc())
