"""Halves of served calls, and labels that came before their prediction.

Revision: 2026_11_25_payloads
Follows: 2026_11_25_robustness
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_25_payloads"
down_revision = "2026_11_25_robustness"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "prediction_payload",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("event_id", sa.String(), primary_key=True),
        sa.Column("half", sa.String(), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_prediction_payload_received_at", "prediction_payload", ["received_at"])
    op.add_column(
        "prediction_batch", sa.Column("waiting", sa.Integer(), nullable=False, server_default="0")
    )
