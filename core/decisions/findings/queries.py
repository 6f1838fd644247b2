"""Reading of findings."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core.decisions.findings.severity import FindingState, Severity, blocks
from core.decisions.findings.tables import FindingRow
from core.errors import NotFound
from core.i18n import N_


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


def finding(session: Session, finding_id: str) -> Finding:
    """Return a finding; raise `NotFound`."""
    row = session.get(FindingRow, finding_id)
    if row is None:
        raise NotFound("finding.unknown", N_("There is no finding {id}."), id=finding_id)
    return _read(row)


def findings(session: Session, version_id: str) -> tuple[Finding, ...]:
    """Return the findings on a version, newest first."""
    query = (
        select(FindingRow)
        .where(FindingRow.version_id == version_id)
        .order_by(col(FindingRow.opened_at).desc(), FindingRow.id)
    )
    return tuple(_read(row) for row in session.exec(query))


def blocking(session: Session, version_id: str, least: Severity) -> tuple[Finding, ...]:
    """Return the open findings on a version that stand in the way, where `least` and graver ones do."""
    return tuple(f for f in findings(session, version_id) if blocks(f.severity, f.state, least))


def _read(row: FindingRow) -> Finding:
    return Finding(
        id=row.id,
        use_case_id=row.use_case_id,
        version_id=row.version_id,
        title=row.title,
        text=row.text,
        severity=Severity(row.severity),
        state=FindingState(row.state),
        owner_id=row.owner_id,
        due_at=row.due_at,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
    )
