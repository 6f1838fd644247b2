"""Open findings, and resolve them with a reason."""

import hashlib
from datetime import datetime

from sqlmodel import select

from core.assets.registry import queries as registry
from core.decisions.findings import queries
from core.decisions.findings.queries import Finding
from core.decisions.findings.severity import FindingState, Severity
from core.decisions.findings.tables import FindingRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork

RESOLUTION_CHARACTERS = 20


def open_finding(
    uow: UnitOfWork,
    *,
    version_id: str,
    title: str,
    text: str,
    severity: Severity,
    owner_id: str,
    due_at: datetime,
) -> Finding:
    """Open a finding on a version, with an owner and a due date."""
    require(uow.actor, Permission.OPEN_FINDING)
    version = registry.version(uow.session, version_id)
    if not title.strip():
        raise Invalid("finding.title", N_("A finding needs a title."), field="title")
    if due_at <= uow.now:
        raise Invalid("finding.due", N_("The due date has passed already."), field="due_at")
    row = FindingRow(
        id=new_id("fnd"),
        use_case_id=version.use_case_id,
        version_id=version_id,
        title=title.strip(),
        text=text.strip(),
        severity=Severity(severity).value,
        state=FindingState.OPEN.value,
        owner_id=owner_id,
        due_at=due_at,
        opened_by=uow.actor.id,
        opened_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(
        "finding.opened",
        "finding",
        row.id,
        {"version": version_id, "severity": row.severity, "owner": owner_id, "due": due_at.isoformat()},
    )
    return queries.finding(uow.session, row.id)


def resolve(uow: UnitOfWork, finding_id: str, *, resolution: str) -> None:
    """Close a finding with what was done; the author of the version cannot resolve it."""
    require(uow.actor, Permission.OPEN_FINDING)
    row = uow.session.exec(select(FindingRow).where(FindingRow.id == finding_id).with_for_update()).first()
    if row is None:
        raise NotFound("finding.unknown", N_("There is no finding {id}."), id=finding_id)
    if row.state != FindingState.OPEN:
        raise Conflict("finding.resolved", N_("This finding is resolved already."))
    if registry.version(uow.session, row.version_id).author_id == uow.actor.id:
        raise Refused(
            "finding.own_version",
            N_("You may not resolve it: you uploaded this version."),
            fix=N_("Ask the finding's owner or another person to check what you changed."),
            subject_kind="finding",
            subject_id=finding_id,
        )
    said = resolution.strip()
    if len(said) < RESOLUTION_CHARACTERS:
        raise Invalid(
            "finding.resolution",
            N_("The resolution is too short."),
            fix=N_("Say in at least {n} characters what was done."),
            field="resolution",
            n=RESOLUTION_CHARACTERS,
        )
    row.state = FindingState.RESOLVED.value
    row.resolved_by, row.resolved_at, row.resolution = uow.actor.id, uow.now, said
    uow.session.add(row)
    uow.record(
        "finding.resolved",
        "finding",
        finding_id,
        {"version": row.version_id, "resolution_sha256": hashlib.sha256(said.encode()).hexdigest()},
    )
