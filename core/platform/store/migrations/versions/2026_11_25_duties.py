"""Duties to tell of an incident; the access review.

Revision: 2026_11_25_duties
Follows: 2026_11_25_reviews
"""

import sqlalchemy as sa
from alembic import op

from core.platform.store.columns import UtcDateTime

revision = '2026_11_25_duties'
down_revision = '2026_11_25_reviews'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_review',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('reviewed_by', sa.String(), nullable=False),
    sa.Column('reviewed_at', UtcDateTime(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('tokens', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('access_review', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_review_reviewed_at'), ['reviewed_at'], unique=False)

    op.create_table('incident_duty',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('incident_id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('duty', sa.String(), nullable=False),
    sa.Column('law', sa.String(), nullable=False),
    sa.Column('article', sa.String(), nullable=False),
    sa.Column('told', sa.String(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', UtcDateTime(), nullable=False),
    sa.Column('done_by', sa.String(), nullable=False),
    sa.Column('done_at', UtcDateTime(), nullable=True),
    sa.Column('note', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], ),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('incident_id', 'duty')
    )
    with op.batch_alter_table('incident_duty', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_incident_duty_incident_id'), ['incident_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_incident_duty_use_case_id'), ['use_case_id'], unique=False)

