"""Filters of the audit log end in the index of the entry: the newest that match are read from the end

Revision: 2026_11_25_audit
Follows: 2026_11_25_hours
"""

from alembic import op

revision = '2026_11_25_audit'
down_revision = '2026_11_25_hours'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ('subject_id', 'subject_kind', 'action', 'actor'):
        op.drop_index(f'ix_audit_event_{column}', table_name='audit_event')
    op.create_index('ix_audit_event_subject', 'audit_event', ['subject_id', 'subject_kind', 'idx'], unique=False)
    op.create_index('ix_audit_event_kind', 'audit_event', ['subject_kind', 'idx'], unique=False)
    op.create_index('ix_audit_event_action', 'audit_event', ['action', 'idx'], unique=False)
    op.create_index('ix_audit_event_actor', 'audit_event', ['actor', 'idx'], unique=False)
