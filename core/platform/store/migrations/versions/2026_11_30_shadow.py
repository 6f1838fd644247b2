"""Challengers that answer what a champion is asked, month by month.

Revision: 2026_11_30_shadow
Follows: 2026_11_29_inbox
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from core.platform.store.columns import UtcDateTime

revision = "2026_11_30_shadow"
down_revision = "2026_11_29_inbox"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "shadow",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("use_case_id", sa.String(), sa.ForeignKey("use_case.id"), nullable=False),
        sa.Column("champion", sa.String(), sa.ForeignKey("model_version.id"), nullable=False),
        sa.Column("challenger", sa.String(), sa.ForeignKey("model_version.id"), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_shadow_use_case_id", "shadow", ["use_case_id"])
    op.create_index("ix_shadow_champion", "shadow", ["champion"])
    op.create_index(
        "one_open_shadow",
        "shadow",
        ["champion", "challenger"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "shadow_month",
        sa.Column("shadow_id", sa.String(), sa.ForeignKey("shadow.id"), primary_key=True),
        sa.Column("start", sa.Date(), primary_key=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
