"""Reading of findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from core.decisions.findings.severity import FindingState, Severity, blocks
from core.decisions.findings.tables import FindingRow, WaiverRow
from core.decisions.findings.waiver import Span, Waiver, blocking_spans
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import Sealed, open_texts, sealed_texts


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, as people see it."""

    id: str
    use_case_id: str
    version_id: str
    title: str
    text: str
    severity: Severity
    state: FindingState
    owner_id: str
    due_at: datetime
    opened_by: str
    opened_at: datetime
    resolved_by: str
    resolved_at: datetime | None
    resolution: str
    waivers: tuple[Waiver, ...] = ()

    def waived(self, now: datetime) -> Waiver | None:
        """The waiver that holds at `now`, or none."""
        return next((w for w in self.waivers if w.holds(now)), None)

    def spans(self) -> tuple[Span, ...]:
        """When it blocks, past and ahead."""
        return blocking_spans(self.opened_at, self.resolved_at, self.waivers)


def finding(session: Session, finding_id: str) -> Finding:
    """Return a finding; raise `NotFound`."""
    row = session.get(FindingRow, finding_id)
    if row is None:
        raise NotFound("finding.unknown", N_("There is no finding {id}."), id=finding_id)
    return _read_all(session, [row])[0]


def findings(session: Session, version_id: str) -> tuple[Finding, ...]:
    """Return the findings on a version, newest first."""
    query = (
        select(FindingRow)
        .where(FindingRow.version_id == version_id)
        .order_by(col(FindingRow.opened_at).desc(), FindingRow.id)
    )
    return _read_all(session, session.exec(query).all())


def open_findings(session: Session, limit: int = 200) -> tuple[Finding, ...]:
    """Return every open finding, the nearest due first."""
    query = (
        select(FindingRow)
        .where(FindingRow.state == FindingState.OPEN.value)
        .order_by(col(FindingRow.due_at), FindingRow.id)
        .limit(limit)
    )
    return _read_all(session, session.exec(query).all())


@dataclass(frozen=True, slots=True)
class Outline:
    """A finding as a list names it: without its text, its resolution and its waivers."""

    id: str
    use_case_id: str
    title: Sealed
    severity: Severity
    owner_id: str
    opened_at: datetime
    due_at: datetime


def outlines(session: Session, limit: int = 10_000) -> tuple[Outline, ...]:
    """Return every open finding in outline, the nearest due first: for lists of thousands."""
    one = sa.inspect(FindingRow).columns
    query = (
        sa.select(one.id, one.use_case_id, one.severity, one.owner_id, one.opened_at, one.due_at, one.title)
        .where(one.state == FindingState.OPEN.value)
        .order_by(one.due_at, one.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    titles = sealed_texts(session, [row.title for row in rows]) if rows else []
    return tuple(
        Outline(
            row.id, row.use_case_id, title, Severity(row.severity), row.owner_id, row.opened_at, row.due_at
        )
        for row, title in zip(rows, titles, strict=True)
    )


def counts(session: Session, now: datetime) -> dict[str, tuple[int, int]]:
    """Return for each use case how many findings are open, and how many of them are past their due day."""
    late = func.sum(sa.case((col(FindingRow.due_at) < now, 1), else_=0))
    query = (
        select(FindingRow.use_case_id, func.count(), late)
        .where(FindingRow.state == FindingState.OPEN.value)
        .group_by(FindingRow.use_case_id)
    )
    return {use_case_id: (n, int(overdue)) for use_case_id, n, overdue in session.exec(query)}


def blocking(session: Session, version_id: str, least: Severity, now: datetime) -> tuple[Finding, ...]:
    """Return the open findings on a version that stand in the way, where `least` and graver ones do.

    One that is waived at `now` does not.
    """
    return tuple(
        f
        for f in findings(session, version_id)
        if blocks(f.severity, f.state, least) and f.waived(now) is None
    )


def blocking_ever(session: Session, version_id: str, least: Severity) -> tuple[Span, ...]:
    """Return the times in which findings of `least` and graver block a version, past and ahead."""
    return tuple(
        span
        for f in findings(session, version_id)
        if blocks(f.severity, FindingState.OPEN, least)
        for span in f.spans()
    )


def _read_all(session: Session, rows: Sequence[FindingRow]) -> tuple[Finding, ...]:
    if not rows:
        return ()
    waived = _waivers(session, [row.id for row in rows])
    said = open_texts(session, [text for row in rows for text in (row.title, row.text, row.resolution)])
    return tuple(_read(row, waived.get(row.id, ()), *said[3 * n : 3 * n + 3]) for n, row in enumerate(rows))


def _waivers(session: Session, finding_ids: Sequence[str]) -> dict[str, tuple[Waiver, ...]]:
    query = select(WaiverRow).where(col(WaiverRow.finding_id).in_(finding_ids))
    rows = session.exec(query.order_by(col(WaiverRow.granted_at), WaiverRow.id)).all()
    said = open_texts(session, [w.reason for w in rows]) if rows else []
    found: dict[str, tuple[Waiver, ...]] = {}
    for w, reason in zip(rows, said, strict=True):
        one = Waiver(
            w.id, w.finding_id, reason, w.granted_by, w.granted_at, w.expires_at, w.revoked_by, w.revoked_at
        )
        found[w.finding_id] = (*found.get(w.finding_id, ()), one)
    return found


def _read(row: FindingRow, waivers: tuple[Waiver, ...], title: str, text: str, resolution: str) -> Finding:
    return Finding(
        id=row.id,
        use_case_id=row.use_case_id,
        version_id=row.version_id,
        title=title,
        text=text,
        severity=Severity(row.severity),
        state=FindingState(row.state),
        owner_id=row.owner_id,
        due_at=row.due_at,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        resolution=resolution,
        waivers=waivers,
    )
