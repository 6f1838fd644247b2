"""Where a version's evaluation table lies once people were erased from it.

Revision: 2026_11_28_tables
Follows: 2026_11_27_partial
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_tables"
down_revision = "2026_11_27_partial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "model_version", sa.Column("table_digest", sa.String(), nullable=False, server_default="")
    )
