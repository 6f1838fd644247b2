"""Declared protected attributes, fairness reports, and their course over time.

Revision: 2026_11_25_fairness
Follows: 2026_11_25_compliance
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_25_fairness"
down_revision = "2026_11_25_compliance"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fairness_declaration",
        sa.Column("use_case_id", sa.String(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("none_reason", sa.String(), nullable=False),
        sa.Column("favourable", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("key_column", sa.String(), nullable=False),
        sa.Column("declared_by", sa.String(), nullable=False),
        sa.Column("declared_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["use_case_id"], ["use_case.id"]),
        sa.PrimaryKeyConstraint("use_case_id"),
    )
    op.create_table(
        "fairness_report",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("predictions_digest", sa.String(), nullable=False),
        sa.Column("people_digest", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=False),
        sa.Column("favourable", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["model_version.id"]),
        sa.PrimaryKeyConstraint("version_id"),
    )
    op.create_table(
        "fairness_trend",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("people_digest", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["model_version.id"]),
        sa.PrimaryKeyConstraint("version_id"),
    )
