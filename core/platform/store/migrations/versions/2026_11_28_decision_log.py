"""A blind index over the log: words as HMACs under their authors' keys, found by FTS5 or by PostgreSQL's full text.

Revision: 2026_11_28_decisions
Follows: 2026_11_28_retraining
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from core.platform.store.columns import UtcDateTime

revision = "2026_11_28_decisions"
down_revision = "2026_11_28_retraining"
branch_labels = None
depends_on = None

FTS5 = (
    "CREATE VIRTUAL TABLE search_words USING fts5(tokens, content='search_entry', content_rowid='idx',"
    " tokenize='ascii', detail='none', columnsize=0)",
    "CREATE TRIGGER search_entry_in AFTER INSERT ON search_entry WHEN new.tokens <> '' BEGIN"
    " INSERT INTO search_words (rowid, tokens) VALUES (new.idx, new.tokens); END",
    "CREATE TRIGGER search_entry_out AFTER DELETE ON search_entry WHEN old.tokens <> '' BEGIN"
    " INSERT INTO search_words (search_words, rowid, tokens) VALUES ('delete', old.idx, old.tokens); END",
    "CREATE TRIGGER search_entry_other AFTER UPDATE OF tokens ON search_entry BEGIN"
    " INSERT INTO search_words (search_words, rowid, tokens) SELECT 'delete', old.idx, old.tokens WHERE old.tokens <> '';"
    " INSERT INTO search_words (rowid, tokens) SELECT new.idx, new.tokens WHERE new.tokens <> ''; END",
)


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("time", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("tokens", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("idx"),
    )
    for column in ("kind", "scope", "actor", "author", "stale"):
        op.create_index(f"ix_search_entry_{column}", "search_entry", [column, "idx"])
    op.create_table("search_author", sa.Column("id", sa.String(), nullable=False), sa.PrimaryKeyConstraint("id"))
    cursor = op.create_table(
        "search_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("forgotten", sa.Integer(), nullable=False),
        sa.Column("scoured", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(cursor, [{"id": 1, "position": 0, "form": "", "forgotten": 0, "scoured": 0}])
    if op.get_bind().dialect.name == "sqlite":
        for statement in FTS5:
            op.execute(statement)
    else:
        op.create_index("search_words", "search_entry", ["tokens"], postgresql_using="gin")
