"""The rows of background work: the outbox and the progress in one."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class JobRow(SQLModel, table=True):
    """One piece of work, from the command that asked for it to its end."""

    __tablename__ = "job"

    id: str = Field(primary_key=True)
    kind: str = Field(index=True)
    subject_kind: str
    subject_id: str = Field(index=True)
    payload: dict[str, Any] = Field(sa_column=json_column())
    state: str = Field(index=True)
    progress: float = 0.0
    message: str = ""
    problem: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    attempts: int = 0
    worker: str = ""
    actor_id: str
    actor_kind: str
    actor_roles: list[str] = Field(sa_column=json_column())
    created_at: datetime = Field(sa_column=utc())
    started_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    heartbeat_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    finished_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class WorkerRow(SQLModel, table=True):
    """A worker that lives: its last sign of life and how isolated its runner is."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_column=utc())
    isolation: str = ""
    memory_mb: int = 0
