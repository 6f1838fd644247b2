"""KPIs with formulas, money, segments and proposals; observations keep segments and what they showed before.

Revision: 2026_11_25_kpis
Follows: 2026_11_25_payloads
"""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_kpis"
down_revision = "2026_11_25_payloads"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    texts = {"kind": "model", "formula": "", "currency": "", "zone": "UTC", "segment": "", "counter_metric": "",
             "currency_column": "", "state": "in_force", "decided_by": ""}  # fmt: skip
    with op.batch_alter_table("kpi_revision") as table:
        for name, usual in texts.items():
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=usual))
        table.add_column(sa.Column("every", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("units", _json(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("decided_at", _MOMENT, nullable=True))
    with op.batch_alter_table("kpi_revision") as table:
        for name in (*texts, "every", "units"):
            table.alter_column(name, server_default=None)
    _observations()
    op.create_table(
        "kpi_observation_trace",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("revision_id", sa.String(), sa.ForeignKey("kpi_revision.id"), nullable=False),
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("observed_at", _MOMENT, nullable=False),
        sa.Column("replaced_at", _MOMENT, nullable=False),
    )
    op.create_index(
        "ix_kpi_observation_trace_window",
        "kpi_observation_trace",
        ["revision_id", "version_id", "segment", "place"],
    )
    op.create_table(
        "kpi_day",
        sa.Column("revision_id", sa.String(), sa.ForeignKey("kpi_revision.id"), primary_key=True),
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("segment", sa.String(), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        sa.Column("parts", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("body", _json(), nullable=False),
    )


def _observations() -> None:
    """Give observations their segment and place, with the end of each window worked out from its grain."""
    op.rename_table("kpi_observation", "kpi_observation_before")
    made = op.create_table(
        "kpi_observation",
        sa.Column("revision_id", sa.String(), sa.ForeignKey("kpi_revision.id"), nullable=False),
        sa.Column("version_id", sa.String(), sa.ForeignKey("model_version.id"), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("observed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("revision_id", "version_id", "segment", "place", name="kpi_observation_places"),
    )
    before = sa.table(
        "kpi_observation_before",
        *(sa.column(n, t) for n, t in (
            ("revision_id", sa.String()), ("version_id", sa.String()), ("start", sa.Date()), ("value", sa.Float()),
            ("low", sa.Float()), ("high", sa.Float()), ("n", sa.Integer()), ("coverage", sa.Float()),
            ("status", sa.String()), ("observed_at", _MOMENT),
        )),
    )  # fmt: skip
    revision = sa.table("kpi_revision", sa.column("id", sa.String()), sa.column("window", sa.String()))
    asked = sa.select(before, revision.c.window).join(revision, revision.c.id == before.c.revision_id)
    rows = []
    for row in op.get_bind().execute(asked).mappings():
        start = row["start"]
        held = {name: row[name] for name in row if name != "window"}
        rows.append(
            held
            | {
                "segment": "",
                "place": start.toordinal(),
                "end": _end(start, row["window"]),
                "method": "closed_form",
                "note": "" if row["value"] is not None else "no_value",
            }
        )
    if rows:
        op.bulk_insert(made, rows)
    op.drop_table("kpi_observation_before")


def _end(start: date, window: str) -> date:
    if window == "day":
        return start + timedelta(days=1)
    if window == "week":
        return start + timedelta(days=7)
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
