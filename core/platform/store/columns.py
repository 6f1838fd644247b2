"""Column types that read the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: stored in UTC, read back aware; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive datetime {value!r}"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc(*, nullable: bool = False, index: bool = False) -> Column[Any]:
    """Return a column for an aware moment."""
    return Column(UtcDateTime(), nullable=nullable, index=index)


def json_column(*, nullable: bool = False) -> Column[Any]:
    """Return a column for a JSON value: JSONB on PostgreSQL, text on SQLite."""
    return Column(JSON().with_variant(JSONB(), "postgresql"), nullable=nullable)
