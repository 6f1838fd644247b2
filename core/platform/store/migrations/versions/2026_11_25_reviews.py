"""Reviews: requests of affected people, their cases, letters.

Revision: 2026_11_25_reviews
Follows: 2026_11_25_kpis
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = '2026_11_25_reviews'
down_revision = "2026_11_25_kpis"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table('review_request',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('law', sa.String(), nullable=False),
    sa.Column('article', sa.String(), nullable=False),
    sa.Column('by_law', sa.Boolean(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('requester', sa.String(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('prediction_id', sa.String(), nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('taken_by', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('assigned_to', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('answered_at', UtcDateTime(), nullable=True),
    sa.Column('trade_secret', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('review_request', schema=None) as batch_op:
        batch_op.create_index('ix_review_request_state', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_review_request_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_review_request_use_case_id'), ['use_case_id'], unique=False)

    op.create_table('review_case',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('review_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('prediction_id', sa.String(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('corrected', sa.Boolean(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('found_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['review_id'], ['review_request.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('review_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_case_review_id'), ['review_id'], unique=False)

    op.create_table('review_letter',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('review_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('template', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('ease', sa.Float(), nullable=False),
    sa.Column('elements', JSON, nullable=False),
    sa.Column('written_by', sa.String(), nullable=False),
    sa.Column('written_at', UtcDateTime(), nullable=False),
    sa.Column('sent_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['review_id'], ['review_request.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('review_id', 'number')
    )
    with op.batch_alter_table('review_letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_letter_review_id'), ['review_id'], unique=False)

