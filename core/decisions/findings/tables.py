"""Rows of findings."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.platform.store.columns import utc


class FindingRow(SQLModel, table=True):
    """Something wrong with a version, from its discovery to its resolution."""

    __tablename__ = "finding"

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    title: str
    text: str
    severity: str
    state: str = Field(index=True)
    owner_id: str
    due_at: datetime = Field(sa_column=utc())
    opened_by: str
    opened_at: datetime = Field(sa_column=utc())
    resolved_by: str = ""
    resolved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    resolution: str = ""


class WaiverRow(SQLModel, table=True):
    """A finding that does not block for a while: who took that on, why, and until when."""

    __tablename__ = "finding_waiver"

    id: str = Field(primary_key=True)
    finding_id: str = Field(foreign_key="finding.id", index=True)
    reason: str
    granted_by: str
    granted_at: datetime = Field(sa_column=utc())
    expires_at: datetime = Field(sa_column=utc())
    revoked_by: str = ""
    revoked_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
