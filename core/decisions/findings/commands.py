"""Open findings, waive them for a while, resolve them with a reason."""

from datetime import datetime

from sqlmodel import select

from core.assets.registry import queries as registry
from core.decisions.findings import queries
from core.decisions.findings.limits import limits
from core.decisions.findings.queries import Finding
from core.decisions.findings.severity import FindingState, Severity
from core.decisions.findings.tables import FindingRow, WaiverRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
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
        title=seal_text(uow, uow.actor.id, title.strip()),
        text=seal_text(uow, uow.actor.id, text.strip()),
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
    row = _open_row(uow, finding_id)
    _not_the_author(uow, row)
    said = _said(resolution, "resolution")
    row.state = FindingState.RESOLVED.value
    row.resolved_by, row.resolved_at, row.resolution = (
        uow.actor.id,
        uow.now,
        seal_text(uow, uow.actor.id, said),
    )
    uow.session.add(row)
    uow.record(
        "finding.resolved",
        "finding",
        finding_id,
        {"version": row.version_id, "resolution_hmac": digest_text(uow, uow.actor.id, said)},
    )


def waive(uow: UnitOfWork, finding_id: str, *, reason: str, expires_at: datetime) -> str:
    """Let a finding not block until a day, on the decider's own name; return the waiver's id.

    The graver the finding, the shorter the longest waiver. The version's author cannot waive.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    row = _open_row(uow, finding_id)
    _not_the_author(uow, row)
    said = _said(reason, "reason")
    if queries.finding(uow.session, finding_id).waived(uow.now):
        raise Conflict("finding.waived", N_("This finding is waived already."))
    longest = limits().waiver[Severity(row.severity)]
    if not uow.now < expires_at <= uow.now + longest:
        raise Invalid(
            "finding.waiver_span",
            N_("A waiver of this severity ends within {n} days."),
            fix=N_("Choose an earlier day in the future."),
            field="expires_at",
            n=longest.days,
        )
    waiver = WaiverRow(
        id=new_id("wvr"),
        finding_id=finding_id,
        reason=seal_text(uow, uow.actor.id, said),
        granted_by=uow.actor.id,
        granted_at=uow.now,
        expires_at=expires_at,
    )
    uow.session.add(waiver)
    uow.session.flush()
    uow.record(
        "finding.waived",
        "finding",
        finding_id,
        {
            "version": row.version_id,
            "waiver": waiver.id,
            "severity": row.severity,
            "expires": expires_at.isoformat(),
            "reason_hmac": digest_text(uow, uow.actor.id, said),
        },
    )
    return waiver.id


def revoke_waiver(uow: UnitOfWork, finding_id: str) -> None:
    """End the waiver that holds; the finding blocks again at once."""
    require(uow.actor, Permission.DECIDE_RELEASE)
    row = _open_row(uow, finding_id)
    held = queries.finding(uow.session, finding_id).waived(uow.now)
    waiver = uow.session.get(WaiverRow, held.id) if held else None
    if waiver is None:
        raise Conflict("finding.not_waived", N_("No waiver holds for this finding."))
    waiver.revoked_by, waiver.revoked_at = uow.actor.id, uow.now
    uow.session.add(waiver)
    uow.record(
        "finding.waiver_revoked", "finding", finding_id, {"version": row.version_id, "waiver": waiver.id}
    )


def _open_row(uow: UnitOfWork, finding_id: str) -> FindingRow:
    row = uow.session.exec(select(FindingRow).where(FindingRow.id == finding_id).with_for_update()).first()
    if row is None:
        raise NotFound("finding.unknown", N_("There is no finding {id}."), id=finding_id)
    if row.state != FindingState.OPEN:
        raise Conflict("finding.resolved", N_("This finding is resolved already."))
    return row


def _not_the_author(uow: UnitOfWork, row: FindingRow) -> None:
    if registry.version(uow.session, row.version_id).author_id == uow.actor.id:
        raise Refused(
            "finding.own_version",
            N_("You may not resolve or waive it: you uploaded this version."),
            fix=N_("Ask the finding's owner or another person to check what you changed."),
            subject_kind="finding",
            subject_id=row.id,
        )


def _said(text: str, field: str) -> str:
    said = text.strip()
    if len(said) < RESOLUTION_CHARACTERS:
        raise Invalid(
            "finding.text_short",
            N_("The text is too short."),
            fix=N_("Say in at least {n} characters what was done, or why it can wait."),
            field=field,
            n=RESOLUTION_CHARACTERS,
        )
    return said
