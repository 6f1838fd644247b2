"""The rows of the audit log."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc

KEPT_LEVEL = 8
"""The lowest level of inner nodes that is stored: below it, 256 leaves are read and hashed anew."""


class AuditEvent(SQLModel, table=True):
    """One entry: a dense index, its canonical body and its leaf hash. Columns beside them serve search only."""

    __tablename__ = "audit_event"
    __table_args__ = (
        # Each filter ends in idx, so that the newest entries that match are read from its end, however long the log.
        Index("ix_audit_event_subject", "subject_id", "subject_kind", "idx"),
        Index("ix_audit_event_kind", "subject_kind", "idx"),
        Index("ix_audit_event_action", "action", "idx"),
        Index("ix_audit_event_actor", "actor", "idx"),
    )

    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    leaf: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    action: str
    actor: str
    subject_kind: str
    subject_id: str
    time: str = Field(index=True)


class AuditNode(SQLModel, table=True):
    """A complete subtree of 2^level entries, for the levels worth keeping: proofs read these, not the log."""

    __tablename__ = "audit_node"

    level: int = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))


class AuditCheckpoint(SQLModel, table=True):
    """A signed note about the log's first `size` entries, and where it was handed out."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    note: str = Field(sa_column=Column(Text, nullable=False))
    key: str
    time: datetime = Field(sa_column=utc())
    places: list[str] = Field(sa_column=json_column())


class AuditFrontier(SQLModel, table=True):
    """One row: how many entries, and the hashes of the right edge."""

    __tablename__ = "audit_frontier"

    id: int = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    edge: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
