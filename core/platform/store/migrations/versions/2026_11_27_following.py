"""Who follows a KPI.

Revision: 2026_11_27_following
Follows: 2026_11_26_shares
"""

import sqlalchemy as sa
from alembic import op

from core.platform.store.columns import UtcDateTime

revision = "2026_11_27_following"
down_revision = "2026_11_26_shares"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kpi_follow",
        sa.Column("kpi_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["kpi_id"], ["kpi.id"]),
        sa.PrimaryKeyConstraint("kpi_id", "person_id"),
    )
    op.create_index("ix_kpi_follow_person_id", "kpi_follow", ["person_id"])
