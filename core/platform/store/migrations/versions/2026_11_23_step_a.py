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
    op.create_table('audit_checkpoint',
    sa.Column('size', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('time', UtcDateTime(), nullable=False),
    sa.Column('places', JSON, nullable=False),
    sa.PrimaryKeyConstraint('size')
    )
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
    op.create_table('audit_node',
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('idx', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('level', 'idx')
    )
    op.create_table('comment',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('subject_kind', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('written_at', UtcDateTime(), nullable=False),
    sa.Column('edited_at', UtcDateTime(), nullable=True),
    sa.Column('resolved_by', sa.String(), nullable=False),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_comment_author_id'), 'comment', ['author_id'], unique=False)
    op.create_index('ix_comment_subject', 'comment', ['subject_kind', 'subject_id', 'written_at'], unique=False)
    op.create_table('dataset',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('source_digest', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('columns', JSON, nullable=False),
    sa.Column('protected', JSON, nullable=False),
    sa.Column('personal', JSON, nullable=False),
    sa.Column('sensitive', JSON, nullable=False),
    sa.Column('purposes', JSON, nullable=False),
    sa.Column('flags_confirmed_by', sa.String(), nullable=False),
    sa.Column('flags_confirmed_at', UtcDateTime(), nullable=True),
    sa.Column('lawful_basis', sa.String(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_dataset_digest'), 'dataset', ['digest'], unique=False)
    op.create_table('explanation',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('model_digest', sa.String(), nullable=False),
    sa.Column('data_digest', sa.String(), nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('question', sa.String(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('fallback', sa.String(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=False),
    sa.Column('background', sa.Integer(), nullable=False),
    sa.Column('base', sa.Float(), nullable=False),
    sa.Column('max_error', sa.Float(), nullable=False),
    sa.Column('largest_standard_error', sa.Float(), nullable=False),
    sa.Column('importance', JSON, nullable=False),
    sa.Column('values_digest', sa.String(), nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_explanation_model_digest'), 'explanation', ['model_digest'], unique=False)
    op.create_index(op.f('ix_explanation_version_id'), 'explanation', ['version_id'], unique=True)
    op.create_table('house',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('pepper', sa.String(), nullable=False),
    sa.Column('claimed_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('intake_draft',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('artifact', JSON, nullable=True),
    sa.Column('table', JSON, nullable=True),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_intake_draft_author_id'), 'intake_draft', ['author_id'], unique=False)
    op.create_table('job',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject_kind', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('payload', JSON, nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('problem', JSON, nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(), nullable=False),
    sa.Column('actor_id', sa.String(), nullable=False),
    sa.Column('actor_kind', sa.String(), nullable=False),
    sa.Column('actor_roles', JSON, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('heartbeat_at', UtcDateTime(), nullable=True),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_job_kind'), 'job', ['kind'], unique=False)
    op.create_index(op.f('ix_job_state'), 'job', ['state'], unique=False)
    op.create_index(op.f('ix_job_subject_id'), 'job', ['subject_id'], unique=False)
    op.create_table('names_review',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('artifact_digest', sa.String(), nullable=False),
    sa.Column('names_digest', sa.String(), nullable=False),
    sa.Column('list_version', sa.String(), nullable=False),
    sa.Column('reviewer_id', sa.String(), nullable=False),
    sa.Column('reviewed_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('artifact_digest', 'names_digest', 'list_version')
    )
    op.create_table('person',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('name_sealed', sa.String(), nullable=False),
    sa.Column('email_sealed', sa.String(), nullable=False),
    sa.Column('email_index', sa.String(), nullable=True),
    sa.Column('password_hash', sa.String(), nullable=True),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('disabled_at', UtcDateTime(), nullable=True),
    sa.Column('erased_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('email_index')
    )
    op.create_table('person_key',
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('key', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('person_id')
    )
    op.create_table('release_delegation',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('delegate_id', sa.String(), nullable=False),
    sa.Column('area', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('starts_at', UtcDateTime(), nullable=False),
    sa.Column('ends_at', UtcDateTime(), nullable=False),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_release_delegation_delegate_id'), 'release_delegation', ['delegate_id'], unique=False)
    op.create_index(op.f('ix_release_delegation_person_id'), 'release_delegation', ['person_id'], unique=False)
    op.create_table('release_policy',
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('published_by', sa.String(), nullable=False),
    sa.Column('published_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('digest'),
    sa.UniqueConstraint('tier', 'environment', 'version')
    )
    op.create_index(op.f('ix_release_policy_published_at'), 'release_policy', ['published_at'], unique=False)
    op.create_table('repeatable_answer',
    sa.Column('actor_id', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('request_digest', sa.String(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('actor_id', 'key')
    )
    op.create_index(op.f('ix_repeatable_answer_at'), 'repeatable_answer', ['at'], unique=False)
    op.create_table('sign_in_attempt',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_sign_in_attempt_account_at', 'sign_in_attempt', ['account', 'at'], unique=False)
    op.create_index('ix_sign_in_attempt_address_at', 'sign_in_attempt', ['address', 'at'], unique=False)
    op.create_table('use_case',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('risk_tier', sa.String(), nullable=False),
    sa.Column('risk_answers', JSON, nullable=False),
    sa.Column('lawful_basis', sa.String(), nullable=False),
    sa.Column('affected_people', sa.String(), nullable=False),
    sa.Column('human_oversight', sa.String(), nullable=False),
    sa.Column('applications', JSON, nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('slug')
    )
    op.create_table('webhook_endpoint',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('kinds', JSON, nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('removed_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('webhook_message',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_webhook_message_created_at'), 'webhook_message', ['created_at'], unique=False)
    op.create_table('webhook_secret',
    sa.Column('endpoint_id', sa.String(), nullable=False),
    sa.Column('secret', sa.LargeBinary(length=64), nullable=False),
    sa.PrimaryKeyConstraint('endpoint_id')
    )
    op.create_table('worker',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('seen_at', UtcDateTime(), nullable=False),
    sa.Column('isolation', sa.String(), nullable=False),
    sa.Column('memory_mb', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('api_token',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('roles', JSON, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_api_token_person_id'), 'api_token', ['person_id'], unique=False)
    op.create_table('comment_edit',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('comment_id', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('replaced_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_comment_edit_comment_id'), 'comment_edit', ['comment_id'], unique=False)
    op.create_table('kpi',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('retired_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_kpi_use_case_id'), 'kpi', ['use_case_id'], unique=False)
    op.create_table('model',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('use_case_id', 'name')
    )
    op.create_index(op.f('ix_model_use_case_id'), 'model', ['use_case_id'], unique=False)
    op.create_table('person_role',
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('granted_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('person_id', 'role')
    )
    op.create_table('session',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('seen_at', UtcDateTime(), nullable=False),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.Column('how', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('digest')
    )
    op.create_index(op.f('ix_session_person_id'), 'session', ['person_id'], unique=False)
    op.create_table('ticket',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=True),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('how', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('used_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('digest')
    )
    op.create_table('webhook_delivery',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('endpoint_id', sa.String(), nullable=False),
    sa.Column('message_id', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_at', UtcDateTime(), nullable=False),
    sa.Column('give_up_at', UtcDateTime(), nullable=False),
    sa.Column('lease', sa.String(), nullable=False),
    sa.Column('leased_until', UtcDateTime(), nullable=True),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], ),
    sa.ForeignKeyConstraint(['message_id'], ['webhook_message.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('endpoint_id', 'message_id')
    )
    op.create_index('ix_webhook_delivery_due', 'webhook_delivery', ['state', 'next_at'], unique=False)
    op.create_index('ix_webhook_delivery_log', 'webhook_delivery', ['endpoint_id', 'sequence'], unique=False)
    op.create_index(op.f('ix_webhook_delivery_message_id'), 'webhook_delivery', ['message_id'], unique=False)
    op.create_index('ix_webhook_delivery_order', 'webhook_delivery', ['endpoint_id', 'subject', 'sequence'], unique=False)
    op.create_table('kpi_revision',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kpi_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('question', sa.String(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('direction', sa.String(), nullable=False),
    sa.Column('target', sa.Float(), nullable=False),
    sa.Column('warning', sa.Float(), nullable=True),
    sa.Column('critical', sa.Float(), nullable=True),
    sa.Column('window', sa.String(), nullable=False),
    sa.Column('minimum_n', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['kpi_id'], ['kpi.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('kpi_id', 'number')
    )
    op.create_index(op.f('ix_kpi_revision_kpi_id'), 'kpi_revision', ['kpi_id'], unique=False)
    op.create_table('model_version',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('model_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('artifact_digest', sa.String(), nullable=False),
    sa.Column('artifact_name', sa.String(), nullable=False),
    sa.Column('artifact_size', sa.Integer(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('names', JSON, nullable=False),
    sa.Column('isolation', sa.String(), nullable=False),
    sa.Column('refusal', JSON, nullable=True),
    sa.Column('dataset_id', sa.String(), nullable=False),
    sa.Column('dataset_digest', sa.String(), nullable=False),
    sa.Column('label_column', sa.String(), nullable=False),
    sa.Column('positive_label', sa.String(), nullable=False),
    sa.Column('operating_threshold', sa.Float(), nullable=True),
    sa.Column('signature', JSON, nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('mapping', JSON, nullable=False),
    sa.Column('score_column', sa.String(), nullable=False),
    sa.Column('origin', JSON, nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['model.id'], ),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('use_case_id', 'number')
    )
    op.create_index(op.f('ix_model_version_artifact_digest'), 'model_version', ['artifact_digest'], unique=False)
    op.create_index(op.f('ix_model_version_author_id'), 'model_version', ['author_id'], unique=False)
    op.create_index(op.f('ix_model_version_model_id'), 'model_version', ['model_id'], unique=False)
    op.create_index(op.f('ix_model_version_use_case_id'), 'model_version', ['use_case_id'], unique=False)
    op.create_table('webhook_attempt',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('delivery_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('milliseconds', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['webhook_delivery.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_webhook_attempt_delivery_id'), 'webhook_attempt', ['delivery_id'], unique=False)
    op.create_table('bundle_part',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('upload_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('added_by', sa.String(), nullable=False),
    sa.Column('added_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_bundle_part_upload_id'), 'bundle_part', ['upload_id'], unique=False)
    op.create_index(op.f('ix_bundle_part_version_id'), 'bundle_part', ['version_id'], unique=False)
    op.create_table('card_revision',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('values', JSON, nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('version_id', 'number')
    )
    op.create_index(op.f('ix_card_revision_version_id'), 'card_revision', ['version_id'], unique=False)
    op.create_table('evaluation',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('dataset_id', sa.String(), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=False),
    sa.Column('finished_at', UtcDateTime(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('metrics', JSON, nullable=False),
    sa.Column('threshold', sa.Float(), nullable=True),
    sa.Column('confusion', JSON, nullable=True),
    sa.Column('curves', JSON, nullable=False),
    sa.Column('latency_p50_ms', sa.Float(), nullable=False),
    sa.Column('latency_p95_ms', sa.Float(), nullable=False),
    sa.Column('memory_mb', sa.Float(), nullable=False),
    sa.Column('reproducible', sa.Boolean(), nullable=False),
    sa.Column('predictions_digest', sa.String(), nullable=False),
    sa.Column('notes', JSON, nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('version_id')
    )
    op.create_table('finding',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('resolved_by', sa.String(), nullable=False),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.Column('resolution', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_finding_state'), 'finding', ['state'], unique=False)
    op.create_index(op.f('ix_finding_use_case_id'), 'finding', ['use_case_id'], unique=False)
    op.create_index(op.f('ix_finding_version_id'), 'finding', ['version_id'], unique=False)
    op.create_table('gate_check',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('policy_digest', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', UtcDateTime(), nullable=False),
    sa.Column('judged_at', UtcDateTime(), nullable=True),
    sa.Column('verdicts', JSON, nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_gate_check_version_id'), 'gate_check', ['version_id'], unique=False)
    op.create_table('kpi_observation',
    sa.Column('revision_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('start', sa.Date(), nullable=False),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('low', sa.Float(), nullable=True),
    sa.Column('high', sa.Float(), nullable=True),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('coverage', sa.Float(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('observed_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['revision_id'], ['kpi_revision.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('revision_id', 'version_id', 'start')
    )
    op.create_table('monitoring_alert',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('rule_kind', sa.String(), nullable=False),
    sa.Column('rule_version', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('grain', sa.String(), nullable=False),
    sa.Column('first_start', sa.Date(), nullable=False),
    sa.Column('last_start', sa.Date(), nullable=False),
    sa.Column('last_end', sa.Date(), nullable=False),
    sa.Column('worst', sa.Float(), nullable=False),
    sa.Column('limit', sa.Float(), nullable=False),
    sa.Column('template', sa.String(), nullable=False),
    sa.Column('reason', JSON, nullable=False),
    sa.Column('raised_at', UtcDateTime(), nullable=False),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.Column('acknowledged_at', UtcDateTime(), nullable=True),
    sa.Column('acknowledged_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_monitoring_alert_open', 'monitoring_alert', ['resolved_at', 'version_id'], unique=False)
    op.create_index(op.f('ix_monitoring_alert_version_id'), 'monitoring_alert', ['version_id'], unique=False)
    op.create_table('monitoring_performance',
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('grain', sa.String(), nullable=False),
    sa.Column('start', sa.Date(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=True),
    sa.Column('high', sa.Float(), nullable=True),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('version_id', 'grain', 'start', 'metric')
    )
    op.create_table('monitoring_profile',
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('novel', JSON, nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('version_id', 'day')
    )
    op.create_table('monitoring_reference',
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('dataset_digest', sa.String(), nullable=False),
    sa.Column('predictions_digest', sa.String(), nullable=False),
    sa.Column('layout', JSON, nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('version_id')
    )
    op.create_table('prediction_batch',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('source_digest', sa.String(), nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.Column('sender_id', sa.String(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('accepted', sa.Integer(), nullable=False),
    sa.Column('repeated', sa.Integer(), nullable=False),
    sa.Column('revised', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=True),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('reasons', JSON, nullable=False),
    sa.Column('ignored', JSON, nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_prediction_batch_version', 'prediction_batch', ['version_id', 'kind', 'source_digest'], unique=False)
    op.create_table('release_request',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('policy_digest', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('requested_by', sa.String(), nullable=False),
    sa.Column('requested_at', UtcDateTime(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('closed_at', UtcDateTime(), nullable=True),
    sa.Column('approved_at', UtcDateTime(), nullable=True),
    sa.Column('expires_at', UtcDateTime(), nullable=True),
    sa.Column('emergency', sa.Boolean(), nullable=False),
    sa.Column('reminded_at', UtcDateTime(), nullable=True),
    sa.Column('escalated_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['policy_digest'], ['release_policy.digest'], ),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_release_request_state'), 'release_request', ['state'], unique=False)
    op.create_index(op.f('ix_release_request_use_case_id'), 'release_request', ['use_case_id'], unique=False)
    op.create_index(op.f('ix_release_request_version_id'), 'release_request', ['version_id'], unique=False)
    op.create_index('one_open_request', 'release_request', ['version_id', 'environment'], unique=True, sqlite_where=sa.text("state IN ('submitted', 'in_review', 'changes_requested')"), postgresql_where=sa.text("state IN ('submitted', 'in_review', 'changes_requested')"))
    op.create_table('sealed_threshold',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('policy_digest', sa.String(), nullable=False),
    sa.Column('thresholds', JSON, nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('sealed_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['policy_digest'], ['release_policy.digest'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('version_id', 'environment', 'policy_digest')
    )
    op.create_index(op.f('ix_sealed_threshold_version_id'), 'sealed_threshold', ['version_id'], unique=False)
    op.create_table('deployment',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('artifact_digest', sa.String(), nullable=False),
    sa.Column('started_by', sa.String(), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=False),
    sa.Column('ended_by', sa.String(), nullable=False),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.Column('end_reason', sa.String(), nullable=False),
    sa.Column('end_note', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['release_request.id'], ),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_deployment_request_id'), 'deployment', ['request_id'], unique=False)
    op.create_index(op.f('ix_deployment_use_case_id'), 'deployment', ['use_case_id'], unique=False)
    op.create_index(op.f('ix_deployment_version_id'), 'deployment', ['version_id'], unique=False)
    op.create_index('one_live_deployment', 'deployment', ['use_case_id', 'environment'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('finding_waiver',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('finding_id', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('granted_by', sa.String(), nullable=False),
    sa.Column('granted_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('revoked_by', sa.String(), nullable=False),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['finding_id'], ['finding.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_finding_waiver_finding_id'), 'finding_waiver', ['finding_id'], unique=False)
    op.create_table('prediction_part',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('batch_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('row_group', sa.Integer(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('profiled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['prediction_batch.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_prediction_part_day', 'prediction_part', ['version_id', 'kind', 'day'], unique=False)
    op.create_table('release_debt',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('environment', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('reviewer_id', sa.String(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('confirmed_by', sa.String(), nullable=False),
    sa.Column('paid_by', sa.String(), nullable=False),
    sa.Column('paid_at', UtcDateTime(), nullable=True),
    sa.Column('upheld', sa.Boolean(), nullable=True),
    sa.Column('finding', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['release_request.id'], ),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('request_id')
    )
    op.create_index(op.f('ix_release_debt_paid_at'), 'release_debt', ['paid_at'], unique=False)
    op.create_index(op.f('ix_release_debt_reviewer_id'), 'release_debt', ['reviewer_id'], unique=False)
    op.create_table('release_round',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('snapshot', JSON, nullable=False),
    sa.Column('snapshot_digest', sa.String(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('judged_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['request_id'], ['release_request.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('request_id', 'number')
    )
    op.create_index(op.f('ix_release_round_request_id'), 'release_round', ['request_id'], unique=False)
    op.create_table('artifact_check',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('deployment_id', sa.String(), nullable=False),
    sa.Column('found_digest', sa.String(), nullable=False),
    sa.Column('ok', sa.Boolean(), nullable=False),
    sa.Column('first_at', UtcDateTime(), nullable=False),
    sa.Column('last_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployment.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_artifact_check_deployment_id'), 'artifact_check', ['deployment_id'], unique=False)
    op.create_table('deployment_standing',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('deployment_id', sa.String(), nullable=False),
    sa.Column('worth', sa.String(), nullable=False),
    sa.Column('reasons', JSON, nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployment.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_deployment_standing_deployment_id'), 'deployment_standing', ['deployment_id'], unique=False)
    op.create_table('gate_result',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('round_id', sa.String(), nullable=False),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('blocks', sa.Boolean(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('measured', sa.Float(), nullable=True),
    sa.Column('low', sa.Float(), nullable=True),
    sa.Column('high', sa.Float(), nullable=True),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('limit', sa.Float(), nullable=True),
    sa.Column('comparison', sa.String(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.Column('evidence_kind', sa.String(), nullable=False),
    sa.Column('evidence_id', sa.String(), nullable=False),
    sa.Column('judged_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['release_round.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('round_id', 'run', 'kind')
    )
    op.create_index(op.f('ix_gate_result_round_id'), 'gate_result', ['round_id'], unique=False)
    op.create_table('release_vote',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('round_id', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('area', sa.String(), nullable=False),
    sa.Column('meaning', sa.String(), nullable=False),
    sa.Column('rationale', sa.String(), nullable=False),
    sa.Column('snapshot_digest', sa.String(), nullable=False),
    sa.Column('signed_at', UtcDateTime(), nullable=False),
    sa.Column('deciding', sa.Boolean(), nullable=False),
    sa.Column('on_behalf_of', sa.String(), nullable=False),
    sa.Column('confirmed_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['release_request.id'], ),
    sa.ForeignKeyConstraint(['round_id'], ['release_round.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('round_id', 'person_id', 'deciding')
    )
    op.create_index(op.f('ix_release_vote_person_id'), 'release_vote', ['person_id'], unique=False)
    op.create_index(op.f('ix_release_vote_request_id'), 'release_vote', ['request_id'], unique=False)
    op.create_index(op.f('ix_release_vote_round_id'), 'release_vote', ['round_id'], unique=False)
    op.create_index('one_vote_per_delegation', 'release_vote', ['round_id', 'on_behalf_of'], unique=True, sqlite_where=sa.text("on_behalf_of <> ''"), postgresql_where=sa.text("on_behalf_of <> ''"))
    op.create_table('release_condition',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('vote_id', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', UtcDateTime(), nullable=False),
    sa.Column('met_by', sa.String(), nullable=False),
    sa.Column('met_at', UtcDateTime(), nullable=True),
    sa.Column('met_note', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['release_request.id'], ),
    sa.ForeignKeyConstraint(['vote_id'], ['release_vote.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_release_condition_request_id'), 'release_condition', ['request_id'], unique=False)
    # ### end Alembic commands ###
    engine = op.get_bind().dialect.name
    for statement in AUDIT_SQLITE if engine == "sqlite" else AUDIT_POSTGRESQL:
        op.execute(statement)
    op.execute(sa.text("INSERT INTO audit_frontier (id, size, edge) VALUES (1, 0, :edge)").bindparams(sa.bindparam("edge", b"", sa.LargeBinary())))
