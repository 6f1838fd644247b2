"""Rows of KPIs: the KPI, its revisions, and what was observed under each."""

from datetime import date, datetime

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class KpiRow(SQLModel, table=True):
    """One KPI of a use case; `revision` is the one in force."""

    __tablename__ = "kpi"

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    revision: int
    created_at: datetime = Field(sa_column=utc())
    retired_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class FollowRow(SQLModel, table=True):
    """Somebody who wants to know when a KPI breaks."""

    __tablename__ = "kpi_follow"

    kpi_id: str = Field(primary_key=True, foreign_key="kpi.id")
    person_id: str = Field(primary_key=True, index=True)
    since: datetime = Field(sa_column=utc())


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
    kind: str = "model"
    formula: str = ""
    currency: str = ""
    zone: str = "UTC"
    every: int = 0
    segment: str = ""
    counter_metric: str = ""
    currency_column: str = ""
    units: list[list[str]] = Field(default_factory=list, sa_column=json_column())
    unit: str
    direction: str
    target: float
    warning: float | None
    critical: float | None
    window: str
    minimum_n: int
    author_id: str
    created_at: datetime = Field(sa_column=utc())
    state: str = "in_force"
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class ObservationRow(SQLModel, table=True):
    """One window of one revision for one model version and segment; `value` is empty where nothing could be measured.

    `place` orders the windows: the first day of a calendar window as an ordinal, the number of a window by count.
    """

    __tablename__ = "kpi_observation"

    revision_id: str = Field(primary_key=True, foreign_key="kpi_revision.id")
    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    segment: str = Field(primary_key=True, default="")
    place: int = Field(primary_key=True)
    start: date
    end: date
    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: str
    method: str = "closed_form"
    note: str = ""
    observed_at: datetime = Field(sa_column=utc())


class TraceRow(SQLModel, table=True):
    """What a window showed before late labels or rows moved it."""

    __tablename__ = "kpi_observation_trace"
    __table_args__ = (
        Index("ix_kpi_observation_trace_window", "revision_id", "version_id", "segment", "place"),
    )

    id: str = Field(primary_key=True)
    revision_id: str = Field(foreign_key="kpi_revision.id")
    version_id: str = Field(foreign_key="model_version.id")
    segment: str
    place: int
    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: str
    observed_at: datetime = Field(sa_column=utc())
    replaced_at: datetime = Field(sa_column=utc())


class DayRow(SQLModel, table=True):
    """A formula's sums over one day: a window adds its days up; `parts` tells whether the log has more since."""

    __tablename__ = "kpi_day"

    revision_id: str = Field(primary_key=True, foreign_key="kpi_revision.id")
    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    day: date = Field(primary_key=True)
    segment: str = Field(primary_key=True, default="")
    place: int = Field(primary_key=True, default=0)
    rows: int
    labelled: int
    parts: str
    note: str = ""
    body: list[float] = Field(sa_column=json_column())
