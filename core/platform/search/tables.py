"""Rows of the blind index: made from the log and the nouns' own rows, in no backup, to be made again at any time."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from core.platform.store.columns import utc


class EntryRow(SQLModel, table=True):
    """One entry of the log that can be searched; `idx` is its place there.

    `tokens` are words under the key of `author`, under the house's where that is empty, and marks. On SQLite the table
    `search_words` (FTS5) holds them by triggers, on PostgreSQL the column is indexed itself. `stale` ones wait to be
    written again.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        Index("ix_search_entry_kind", "kind", "idx"),
        Index("ix_search_entry_scope", "scope", "idx"),
        Index("ix_search_entry_actor", "actor", "idx"),
        Index("ix_search_entry_author", "author", "idx"),
        Index("ix_search_entry_stale", "stale", "idx"),
    )

    idx: int = Field(
        sa_column=Column(
            BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
        )
    )
    time: datetime = Field(sa_column=utc())
    kind: str
    scope: str
    actor: str
    author: str
    tokens: str = Field(sa_column=Column(Text().with_variant(TSVECTOR(), "postgresql"), nullable=False))
    stale: bool = False


class AuthorRow(SQLModel, table=True):
    """Somebody under whose key entries are: a question is asked once for each."""

    __tablename__ = "search_author"

    id: str = Field(primary_key=True)


class CursorRow(SQLModel, table=True):
    """One row: up to where the log is in the index, and by which form of it.

    `forgotten` counts authors who were taken out, `scoured` those of them whose bytes are gone from the files too.
    """

    __tablename__ = "search_cursor"

    id: int = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    form: str
    forgotten: int = 0
    scoured: int = 0
