"""Who is told of what: mailboxes and channels beside webhooks, notices, preferences, and what was handed over or put off.

Revision: 2026_11_29_inbox
Follows: 2026_11_28_decisions
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_29_inbox"
down_revision = "2026_11_28_decisions"
branch_labels = None
depends_on = None


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _texts(*names: str) -> list[Any]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    _add("webhook_endpoint", shape="signed", language="en", person_id="")
    op.create_index("ix_webhook_endpoint_person_id", "webhook_endpoint", ["person_id"])
    with op.batch_alter_table("webhook_secret") as table:
        table.alter_column("secret", type_=sa.LargeBinary(), existing_nullable=False)
    _add("comment", parent_id="", anchor="")
    op.create_index("ix_comment_parent_id", "comment", ["parent_id"])
    op.create_table(
        "comment_reaction",
        sa.Column("comment_id", sa.String(), sa.ForeignKey("comment.id"), primary_key=True),
        sa.Column("person_id", sa.String(), primary_key=True, index=True),
        sa.Column("reaction", sa.String(), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        *_texts("kind"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        *_texts("mail"),
        sa.UniqueConstraint("person_id", "log_index"),
    )
    op.create_index("ix_notice_unread", "notice", ["person_id", "read_at", "log_index"])
    op.create_index("ix_notice_mail", "notice", ["mail", "person_id"])
    op.create_table(
        "notice_cursor",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "notice_preference",
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("ways", _json(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        *_texts("zone"),
        sa.Column("summary_at", sa.Integer(), nullable=False),
        sa.Column("summed_up_at", UtcDateTime(), nullable=True),
    )
    op.create_table(
        "inbox_handover",
        sa.Column("key", sa.String(), primary_key=True),
        *_texts("to_id", "by_id", "note"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_inbox_handover_to_id", "inbox_handover", ["to_id"])
    op.create_table(
        "inbox_snooze",
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("until", UtcDateTime(), nullable=False),
    )


def _add(table: str, **usual: str) -> None:
    with op.batch_alter_table(table) as batch:
        for name, value in usual.items():
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=value))
    with op.batch_alter_table(table) as batch:
        for name in usual:
            batch.alter_column(name, server_default=None)
