"""Retraining: policies, requests, votes.

Revision: 2026_11_28_retraining
Follows: 2026_11_28_attribution
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from core.platform.store.columns import UtcDateTime

revision = "2026_11_28_retraining"
down_revision = "2026_11_28_attribution"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
OPEN = sa.text("state IN ('proposed', 'running', 'outside', 'checking')")


def upgrade() -> None:
    op.create_table(
        "retraining_policy",
        sa.Column("use_case_id", sa.String(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["use_case_id"], ["use_case.id"]),
        sa.PrimaryKeyConstraint("use_case_id"),
    )
    op.create_table(
        "retraining",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("use_case_id", sa.String(), nullable=False),
        sa.Column("champion", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("triggers", JSON, nullable=False),
        sa.Column("areas", JSON, nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("challenger", sa.String(), nullable=False),
        sa.Column("snapshot", JSON, nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("problem", JSON, nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["use_case_id"], ["use_case.id"]),
        sa.ForeignKeyConstraint(["champion"], ["model_version.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_retraining_state", "retraining", ["state"])
    op.create_index("ix_retraining_challenger", "retraining", ["challenger"])
    op.create_index("ix_retraining_use_case", "retraining", ["use_case_id", "proposed_at"])
    op.create_index(
        "one_open_retraining", "retraining", ["use_case_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "retraining_vote",
        sa.Column("retraining_id", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("consents", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["retraining_id"], ["retraining.id"]),
        sa.PrimaryKeyConstraint("retraining_id", "area"),
        sa.UniqueConstraint("retraining_id", "person_id"),
    )
