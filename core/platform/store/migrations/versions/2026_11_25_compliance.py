"""Compliance: laws followed, attestations, answers, documents.


Revision: 2026_11_25_compliance
Follows: 2026_11_25_audit
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = '2026_11_25_compliance'
down_revision = '2026_11_25_audit'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table('law_followed',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('law', sa.String(), nullable=False),
    sa.Column('followed', sa.Boolean(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('decided_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('law_followed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_law_followed_law'), ['law'], unique=False)

    op.create_table('attestation',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('statement', sa.String(), nullable=False),
    sa.Column('signed_by', sa.String(), nullable=False),
    sa.Column('signed_at', UtcDateTime(), nullable=False),
    sa.Column('until', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('attestation', schema=None) as batch_op:
        batch_op.create_index('ix_attestation_use_case', ['use_case_id', 'until'], unique=False)

    op.create_table('compliance_answer',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('question', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('answered_by', sa.String(), nullable=False),
    sa.Column('answered_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('compliance_answer', schema=None) as batch_op:
        batch_op.create_index('ix_compliance_answer', ['use_case_id', 'question'], unique=False)

    op.create_table('compliance_document',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('completeness', JSON, nullable=False),
    sa.Column('made_by', sa.String(), nullable=False),
    sa.Column('made_at', UtcDateTime(), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.Column('approved_at', UtcDateTime(), nullable=True),
    sa.Column('review_by', UtcDateTime(), nullable=True),
    sa.Column('kept_until', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('use_case_id', 'kind', 'number')
    )
    with op.batch_alter_table('compliance_document', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_compliance_document_use_case_id'), ['use_case_id'], unique=False)

    op.create_table('modification_answer',
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('substantial', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('answered_by', sa.String(), nullable=False),
    sa.Column('answered_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('version_id')
    )
