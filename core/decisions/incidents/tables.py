"""Rows of incidents: what went wrong in use, the alerts that told, and what was written about it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.platform.store.columns import utc


class IncidentRow(SQLModel, table=True):
    """Something that went wrong with a version in use. `noticed_at` is when somebody knew: clocks run from there.

    `title`, `text` and `resolution` are ciphertext under their author's key.
    """

    __tablename__ = "incident"

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    title: str
    text: str
    severity: str
    state: str = Field(index=True)
    owner_id: str
    began_at: datetime = Field(sa_column=utc())
    noticed_at: datetime = Field(sa_column=utc())
    opened_by: str
    opened_at: datetime = Field(sa_column=utc())
    closed_by: str = ""
    closed_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    resolution: str = ""


class IncidentAlertRow(SQLModel, table=True):
    """An alert that belongs to an incident."""

    __tablename__ = "incident_alert"

    incident_id: str = Field(primary_key=True, foreign_key="incident.id")
    alert_id: str = Field(primary_key=True, foreign_key="monitoring_alert.id", index=True)


class IncidentNoteRow(SQLModel, table=True):
    """One entry of an incident's record; `text` is ciphertext under its author's key."""

    __tablename__ = "incident_note"

    id: str = Field(primary_key=True)
    incident_id: str = Field(foreign_key="incident.id", index=True)
    author_id: str
    text: str
    written_at: datetime = Field(sa_column=utc())
