"""Metrics expected before labels, and measures over several columns.

Revision: 2026_11_25_joint
Follows: 2026_11_25_recourse
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_joint"
down_revision = "2026_11_25_recourse"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _window() -> list[sa.Column[object]]:
    return [
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("grain", sa.String(), primary_key=True),
        sa.Column("start", sa.Date(), primary_key=True),
    ]


def upgrade() -> None:
    op.create_table(
        "monitoring_estimate",
        *_window(),
        sa.Column("metric", sa.String(), primary_key=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.create_table(
        "monitoring_joint",
        *_window(),
        sa.Column("measure", sa.String(), primary_key=True),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("before", sa.Float(), nullable=True),
        sa.Column("after", sa.Float(), nullable=True),
        sa.Column("where", JSON, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
    )
