"""Partial dependence of a version's features.

Revision: 2026_11_27_partial
Follows: 2026_11_27_following
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from core.platform.store.columns import UtcDateTime

revision = "2026_11_27_partial"
down_revision = "2026_11_27_following"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "partial_dependence",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("values_digest", sa.String(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["model_version.id"]),
        sa.PrimaryKeyConstraint("version_id"),
    )
