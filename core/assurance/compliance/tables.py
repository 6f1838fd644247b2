"""Rows of compliance: laws that are followed, attestations, answers about new versions, documents and their forms."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from core.platform.store.columns import json_column, utc


class FollowedLawRow(SQLModel, table=True):
    """A decision to follow a law, or not to; the newest one counts, and before the first the law's own default."""

    __tablename__ = "law_followed"

    id: str = Field(primary_key=True)
    law: str = Field(index=True)
    followed: bool
    decided_by: str
    decided_at: datetime = Field(sa_column=utc())


class AttestationRow(SQLModel, table=True):
    """Somebody independent of the owner stood in for a use case, until a day."""

    __tablename__ = "attestation"
    __table_args__ = (Index("ix_attestation_use_case", "use_case_id", "until"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id")
    statement: str
    signed_by: str
    signed_at: datetime = Field(sa_column=utc())
    until: datetime = Field(sa_column=utc())


class ModificationRow(SQLModel, table=True):
    """Whether a version is a substantial modification of the system it replaces, and why."""

    __tablename__ = "modification_answer"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    substantial: bool
    reason: str
    answered_by: str
    answered_at: datetime = Field(sa_column=utc())


class FormAnswerRow(SQLModel, table=True):
    """One answer to a question that no evidence settles; later answers add rows."""

    __tablename__ = "compliance_answer"
    __table_args__ = (Index("ix_compliance_answer", "use_case_id", "question"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id")
    question: str
    text: str
    answered_by: str
    answered_at: datetime = Field(sa_column=utc())


class DocumentRow(SQLModel, table=True):
    """One version of a document: its content is a file under `digest`, fixed once made."""

    __tablename__ = "compliance_document"
    __table_args__ = (UniqueConstraint("use_case_id", "kind", "number"),)

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    version_id: str
    kind: str
    number: int
    digest: str
    completeness: dict[str, Any] = Field(sa_column=json_column())
    made_by: str
    made_at: datetime = Field(sa_column=utc())
    approved_by: str = ""
    approved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    review_by: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    kept_until: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class DutyRow(SQLModel, table=True):
    """One duty to tell of an incident, until it was told."""

    __tablename__ = "incident_duty"
    __table_args__ = (UniqueConstraint("incident_id", "duty"),)

    id: str = Field(primary_key=True)
    incident_id: str = Field(foreign_key="incident.id", index=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    duty: str
    law: str
    article: str
    told: str
    due_at: datetime = Field(sa_column=utc())
    set_by: str
    set_at: datetime = Field(sa_column=utc())
    done_by: str = ""
    done_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    note: str = ""
