"""What thresholds are worth is computed by the worker and kept.

Revision: 2026_11_26_explored
Follows: 2026_11_26_oversight
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_26_explored"
down_revision = "2026_11_26_oversight"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "threshold_exploration",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("matrix_id", sa.String(), sa.ForeignKey("cost_matrix.id"), nullable=False),
        sa.Column("points", JSON, nullable=False),
        sa.Column("best", JSON, nullable=False),
        sa.Column("all_yes", sa.Float(), nullable=False),
        sa.Column("all_no", sa.Float(), nullable=False),
        sa.Column("monthly_rows", sa.Integer(), nullable=False),
        sa.Column("explored_at", UtcDateTime(), nullable=False),
    )
