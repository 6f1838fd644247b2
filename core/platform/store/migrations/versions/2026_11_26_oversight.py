"""What signers had opened before they signed.

Revision: 2026_11_26_oversight
Follows: 2026_11_25_worth
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_26_oversight"
down_revision = "2026_11_25_worth"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "evidence_view",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("part", sa.String(), primary_key=True),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_evidence_view_last_at", "evidence_view", ["last_at"])
    op.add_column("release_vote", sa.Column("opened", JSON, nullable=True))
