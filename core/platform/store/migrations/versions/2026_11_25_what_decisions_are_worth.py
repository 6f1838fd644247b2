"""Cost matrices, frozen thresholds, promises of releases and what came of them.

Revision: 2026_11_25_worth
Follows: 2026_11_25_joint
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_worth"
down_revision = "2026_11_25_joint"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _text(*names: str) -> list[Any]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "cost_matrix",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("use_case_id", sa.String(), sa.ForeignKey("use_case.id"), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        *_text("currency"),
        sa.Column("cells", _json(), nullable=False),
        sa.Column("money_columns", _json(), nullable=False),
        *_text("state", "author_id"),
        sa.Column("created_at", _MOMENT, nullable=False),
        *_text("signed_by"),
        sa.Column("signed_at", _MOMENT, nullable=True),
        *_text("confirmed_by"),
        sa.UniqueConstraint("use_case_id", "number"),
    )
    op.create_table(
        "operating_point",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("matrix_id", sa.String(), sa.ForeignKey("cost_matrix.id"), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        *_text("chosen_by"),
        sa.Column("chosen_at", _MOMENT, nullable=False),
        sa.Column("validation", _json(), nullable=False),
        sa.Column("judged", _json(), nullable=False),
        sa.Column("bands", _json(), nullable=False),
        sa.Column("deviation", sa.Float(), nullable=False),
        sa.Column("monthly_rows", sa.Integer(), nullable=False),
    )
    op.create_table(
        "release_promise",
        sa.Column("request_id", sa.String(), primary_key=True),
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), nullable=False, index=True),
        sa.Column("use_case_id", sa.String(), sa.ForeignKey("use_case.id"), nullable=False, index=True),
        sa.Column("matrix_id", sa.String(), sa.ForeignKey("cost_matrix.id"), nullable=False),
        *_text("currency"),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("monthly_rows", sa.Integer(), nullable=False),
        *_text("value", "low", "high"),
        sa.Column("bands", _json(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "promise_month",
        sa.Column("request_id", sa.String(), sa.ForeignKey("release_promise.request_id"), primary_key=True),
        sa.Column("start", sa.Date(), primary_key=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        *_text("promised", "value"),
        sa.Column("low", sa.String(), nullable=True),
        sa.Column("high", sa.String(), nullable=True),
        *_text("waiting", "volume", "mix", "quality", "parts"),
        sa.Column("observed_at", _MOMENT, nullable=False),
    )
