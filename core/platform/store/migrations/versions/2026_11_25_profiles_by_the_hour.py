"""Profiles by the hour, and the reference by day.

Revision: 2026_11_25_hours
Follows: 2026_11_23_a
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_hours"
down_revision = "2026_11_23_a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitoring_reference_day",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hours", sa.LargeBinary(), nullable=False),
    )
    op.add_column("monitoring_profile", sa.Column("hours", sa.LargeBinary(), nullable=True))
