"""Alerts that ended because another version had taken their version's place.

Revision: 2026_12_01_succession
Follows: 2026_11_30_shadow
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_12_01_succession"
down_revision = "2026_11_30_shadow"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("monitoring_alert") as batch:
        batch.add_column(sa.Column("succeeded_by", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("monitoring_alert") as batch:
        batch.alter_column("succeeded_by", server_default=None)


def downgrade() -> None:
    op.drop_column("monitoring_alert", "succeeded_by")
