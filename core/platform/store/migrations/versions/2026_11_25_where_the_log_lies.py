"""Where a use case's prediction log lies, and how long its rows are kept.

Revision: 2026_11_25_log
Follows: 2026_11_25_alerts
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_25_log"
down_revision = "2026_11_25_alerts"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "prediction_log",
        sa.Column("use_case_id", sa.String(), sa.ForeignKey("use_case.id"), primary_key=True),
        sa.Column("outside", JSON, nullable=True),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.add_column("monitoring_reference", sa.Column("labels_seen", sa.Integer(), nullable=True))
