"""Reading of alerts, of what was done about them, and of the rules they were raised by."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources

from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.alerts.alert import Alert, Deed, DeedKind
from core.evidence.alerts.cause import from_json
from core.evidence.alerts.pulse import Pulse
from core.evidence.alerts.rules import RuleKind, RuleSet, parse
from core.evidence.alerts.tables import AlertRow, BaselineRow, DeedRow, HealthRow, RulesRow, SplitRow
from core.evidence.alerts.tracing import Part, part_from
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_
from core.platform.access.personal import open_texts


@lru_cache
def default_text() -> str:
    """Return the text of the rules that Aval ships with."""
    path = resources.files("data") / "monitoring" / "alert_rules.toml"
    return path.read_text(encoding="utf-8")


@lru_cache
def default_rules() -> RuleSet:
    """Return the rules that Aval ships with; they hold for a use case that has published none."""
    return parse(default_text())


@dataclass(frozen=True, slots=True)
class Published:
    """A published version of a use case's rules as it was written; `by` is empty for the shipped one."""

    id: str
    name: str
    version: str
    text: str
    by: str
    at: datetime | None

    @property
    def rules(self) -> RuleSet:
        """What the text says."""
        return _parsed(self.text)


@lru_cache(maxsize=256)
def _parsed(text: str) -> RuleSet:
    return parse(text)


def rule_book(session: Session, use_case_id: str) -> tuple[Published, ...]:
    """Return every version of a use case's rules, the one in force first, the shipped one last."""
    rows = session.exec(
        select(RulesRow)
        .where(RulesRow.use_case_id == use_case_id)
        .order_by(col(RulesRow.published_at).desc(), col(RulesRow.id).desc())
    )
    shipped = default_rules()
    return (
        *(Published(r.id, r.name, r.version, r.text, r.published_by, r.published_at) for r in rows),
        Published("", shipped.name, shipped.version, default_text(), "", None),
    )


def rules_of(session: Session, use_case_id: str) -> RuleSet:
    """Return the rules in force for a use case."""
    return rule_book(session, use_case_id)[0].rules


def baseline(session: Session, version_id: str) -> dict[str, float]:
    """Return what the labels of a version's evaluation were like, by metric; empty before it was measured."""
    row = session.get(BaselineRow, version_id)
    return {} if row is None else dict(row.metrics)


def pulses(session: Session, version_ids: Collection[str] | None = None) -> dict[str, Pulse]:
    """Return the last month of every judged version, or of these."""
    query = select(HealthRow)
    if version_ids is not None:
        query = query.where(col(HealthRow.version_id).in_(version_ids))
    return {
        row.version_id: Pulse(
            Window(row.window_start, row.window_end), row.rows, row.columns, row.moved, row.worst_column,
            row.worst_psi, row.metric, row.value, row.expected, row.coverage, tuple(row.course),
        )
        for row in session.exec(query)
    }  # fmt: skip


def split(
    session: Session, version_id: str, subject: str, window: Window, segment: str
) -> tuple[Part, ...] | None:
    """Return a column in a window split by another, the largest PSI first; none before it is computed."""
    row = session.get(SplitRow, (version_id, subject, window.start, window.end, segment))
    if row is None:
        return None
    parts = [part_from(one) for one in row.parts]
    return tuple(sorted(parts, key=lambda p: (1.0 if math.isnan(p.psi) else -p.psi, p.name)))


def open_counts(session: Session) -> dict[str, int]:
    """Return how many alerts each version has open; versions without one are left out."""
    return dict(
        session.exec(
            select(AlertRow.version_id, func.count())
            .where(col(AlertRow.resolved_at).is_(None))
            .group_by(AlertRow.version_id)
        ).all()
    )


def alerts(
    session: Session,
    *,
    version_id: str | None = None,
    use_case_id: str | None = None,
    only_open: bool = False,
    limit: int = 200,
) -> tuple[Alert, ...]:
    """Return alerts, open ones first, then by falling last window."""
    query = (
        select(AlertRow)
        .order_by(
            col(AlertRow.resolved_at).is_not(None),
            col(AlertRow.last_end).desc(),
            col(AlertRow.raised_at).desc(),
        )
        .limit(limit)
    )
    if version_id is not None:
        query = query.where(AlertRow.version_id == version_id)
    if use_case_id is not None:
        held = [version.id for version in registry.versions(session, use_case_id)]
        query = query.where(col(AlertRow.version_id).in_(held))
    if only_open:
        query = query.where(col(AlertRow.resolved_at).is_(None))
    return tuple(_alert(row) for row in session.exec(query))


def by_id(session: Session, alert_ids: Collection[str]) -> tuple[Alert, ...]:
    """Return these alerts, oldest first; ids of none are left out."""
    query = (
        select(AlertRow).where(col(AlertRow.id).in_(alert_ids)).order_by(col(AlertRow.raised_at), AlertRow.id)
    )
    return tuple(_alert(row) for row in session.exec(query))


def alert(session: Session, alert_id: str) -> Alert:
    """Return one alert; raise `NotFound`."""
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise NotFound("alert.unknown", N_("There is no alert {id}."), id=alert_id)
    return _alert(row)


def deeds(session: Session, alert_id: str) -> tuple[Deed, ...]:
    """Return what people did about an alert, oldest first."""
    rows = session.exec(
        select(DeedRow).where(DeedRow.alert_id == alert_id).order_by(col(DeedRow.at), DeedRow.id)
    ).all()
    notes = open_texts(session, [row.note for row in rows]) if rows else []
    return tuple(
        Deed(DeedKind(row.kind), row.by, row.at, row.to, row.until, note)
        for row, note in zip(rows, notes, strict=True)
    )


def _alert(row: AlertRow) -> Alert:
    return Alert(
        id=row.id,
        version_id=row.version_id,
        rule=row.rule,
        kind=RuleKind(row.rule_kind),
        rule_version=row.rule_version,
        subject=row.subject,
        grain=Grain(row.grain),
        first=row.first_start,
        last=Window(row.last_start, row.last_end),
        worst=row.worst,
        limit=row.limit,
        template=row.template,
        reason=row.reason,
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        owner_id=row.owner_id,
        snoozed_until=row.snoozed_until,
        escalated_at=row.escalated_at,
        peak=row.peak_start,
        causes=tuple(from_json(one) for one in row.causes or []),
        succeeded_by=row.succeeded_by,
    )
