"""Step A: people, models, evidence, decisions and the log that holds them.

Revision: 2026_11_23_a
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

revision = "2026_11_23_a"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

AUDIT_SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END""",
    """CREATE TRIGGER audit_dense BEFORE INSERT ON audit_event
       WHEN NEW.idx <> COALESCE((SELECT max(idx) + 1 FROM audit_event), 0)
       BEGIN SELECT RAISE(ABORT, 'audit_event idx must be dense'); END""",
)

AUDIT_POSTGRESQL = (
    """CREATE FUNCTION audit_forbid() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'audit_event is append-only'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
       FOR EACH STATEMENT EXECUTE FUNCTION audit_forbid()""",
    """CREATE FUNCTION audit_dense() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF NEW.idx <> COALESCE((SELECT max(idx) + 1 FROM audit_event), 0)
         THEN RAISE EXCEPTION 'audit_event idx must be dense'; END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER audit_dense BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_dense()""",
)


def upgrade() -> None:
    op.create_table('audit_event',
    sa.Column('idx', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('leaf', sa.LargeBinary(length=32), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('subject_kind', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('time', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('idx')
    )
    op.create_index(op.f('ix_audit_event_action'), 'audit_event', ['action'], unique=False)
    op.create_index(op.f('ix_audit_event_actor'), 'audit_event', ['actor'], unique=False)
    op.create_index(op.f('ix_audit_event_subject_id'), 'audit_event', ['subject_id'], unique=False)
    op.create_index(op.f('ix_audit_event_subject_kind'), 'audit_event', ['subject_kind'], unique=False)
    op.create_index(op.f('ix_audit_event_time'), 'audit_event', ['time'], unique=False)
    op.create_table('audit_frontier',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('edge', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('job',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject_kind', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('payload', JSON, 'postgresql'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('error_code', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('error_fix', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(), nullable=False),
    sa.Column('actor_id', sa.String(), nullable=False),
    sa.Column('actor_kind', sa.String(), nullable=False),
    sa.Column('actor_roles', JSON, 'postgresql'), nullable=False),
    sa.Column('created_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('started_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('heartbeat_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_job_kind'), 'job', ['kind'], unique=False)
    op.create_index(op.f('ix_job_state'), 'job', ['state'], unique=False)
    op.create_index(op.f('ix_job_subject_id'), 'job', ['subject_id'], unique=False)
    op.create_table('worker',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('seen_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('isolation', sa.String(), nullable=False),
    sa.Column('memory_mb', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    # ### end Alembic commands ###
    engine = op.get_bind().dialect.name
    for statement in AUDIT_SQLITE if engine == "sqlite" else AUDIT_POSTGRESQL:
        op.execute(statement)
    op.execute(sa.text("INSERT INTO audit_frontier (id, size, edge) VALUES (1, 0, :edge)").bindparams(sa.bindparam("edge", b"", sa.LargeBinary())))
