"""Rules as versioned data, what people do about alerts, and incidents.

Revision: 2026_11_25_alerts
Follows: 2026_11_25_fairness
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.platform.store.columns import UtcDateTime

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
revision = "2026_11_25_alerts"
down_revision = "2026_11_25_fairness"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert_rules',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('published_by', sa.String(), nullable=False),
    sa.Column('published_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('use_case_id', 'version')
    )
    op.create_index("ix_alert_rules_use_case_id", "alert_rules", ['use_case_id'], unique=False)

    op.create_table('incident',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('use_case_id', sa.String(), nullable=False),
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('began_at', UtcDateTime(), nullable=False),
    sa.Column('noticed_at', UtcDateTime(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('closed_by', sa.String(), nullable=False),
    sa.Column('closed_at', UtcDateTime(), nullable=True),
    sa.Column('resolution', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['use_case_id'], ['use_case.id'], ),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index("ix_incident_state", "incident", ['state'], unique=False)
    op.create_index("ix_incident_use_case_id", "incident", ['use_case_id'], unique=False)
    op.create_index("ix_incident_version_id", "incident", ['version_id'], unique=False)

    op.create_table('label_baseline',
    sa.Column('version_id', sa.String(), nullable=False),
    sa.Column('predictions_digest', sa.String(), nullable=False),
    sa.Column('metrics', JSON, nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['model_version.id'], ),
    sa.PrimaryKeyConstraint('version_id')
    )
    op.create_table('alert_deed',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('alert_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('to', sa.String(), nullable=False),
    sa.Column('until', UtcDateTime(), nullable=True),
    sa.Column('note', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['monitoring_alert.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index("ix_alert_deed_alert_id", "alert_deed", ['alert_id'], unique=False)

    op.create_table('incident_alert',
    sa.Column('incident_id', sa.String(), nullable=False),
    sa.Column('alert_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['monitoring_alert.id'], ),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], ),
    sa.PrimaryKeyConstraint('incident_id', 'alert_id')
    )
    op.create_index("ix_incident_alert_alert_id", "incident_alert", ['alert_id'], unique=False)

    op.create_table('incident_note',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('incident_id', sa.String(), nullable=False),
    sa.Column('author_id', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('written_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index("ix_incident_note_incident_id", "incident_note", ['incident_id'], unique=False)

    op.add_column("monitoring_alert", sa.Column('owner_id', sa.String(), nullable=False, server_default=''))
    op.add_column("monitoring_alert", sa.Column('snoozed_until', UtcDateTime(), nullable=True))
    op.add_column("monitoring_alert", sa.Column('escalated_at', UtcDateTime(), nullable=True))
    op.add_column("monitoring_alert", sa.Column('peak_start', sa.Date(), nullable=True))
    op.add_column("monitoring_alert", sa.Column('causes', JSON, nullable=False, server_default='[]'))
    op.create_table(
        "monitoring_health",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("window_end", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("worst_column", sa.String(), nullable=False),
        sa.Column("worst_psi", sa.Float(), nullable=True),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("course", JSON, nullable=False),
    )
    op.create_table(
        "monitoring_split",
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("start", sa.Date(), primary_key=True),
        sa.Column("end", sa.Date(), primary_key=True),
        sa.Column("segment", sa.String(), primary_key=True),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("computed_at", UtcDateTime(), nullable=False),
    )
