"""Open an incident, write down what happens, add alerts to it, close it with what was done."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import select

from core.assets.registry import queries as registry
from core.decisions.findings.severity import Severity
from core.decisions.incidents import queries
from core.decisions.incidents.incident import Incident, IncidentState
from core.decisions.incidents.tables import IncidentAlertRow, IncidentNoteRow, IncidentRow
from core.errors import Conflict, Invalid, NotFound
from core.evidence.alerts import queries as alerts
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.store import UnitOfWork

TITLE_CHARACTERS = 120
TEXT_CHARACTERS = 4_000
RESOLUTION_CHARACTERS = 20


def open_incident(
    uow: UnitOfWork,
    *,
    version_id: str,
    title: str,
    text: str,
    severity: Severity,
    owner_id: str,
    began_at: datetime,
    alert_ids: Sequence[str] = (),
    noticed_at: datetime | None = None,
) -> Incident:
    """Open an incident on a version; who opens it has noticed it now, unless an earlier moment is given."""
    require(uow.actor, Permission.OPEN_INCIDENT)
    version = registry.version(uow.session, version_id)
    named = title.strip()
    if not 1 <= len(named) <= TITLE_CHARACTERS:
        raise Invalid(
            "incident.title",
            N_("An incident has a title of 1 to {n} characters."),
            field="title",
            n=TITLE_CHARACTERS,
        )
    said = _said(text, "text", 0)
    noticed = noticed_at or uow.now
    if not began_at <= noticed <= uow.now:
        raise Invalid(
            "incident.moments",
            N_("An incident begins before it is noticed, and is noticed before now."),
            fix=N_("Correct when it began or when it was noticed."),
            field="began_at",
        )
    person = access.find(uow.session, owner_id)
    if person is None or person.disabled:
        raise NotFound("person.unknown", N_("There is no such person."), id=owner_id)
    row = IncidentRow(
        id=new_id("inc"),
        use_case_id=version.use_case_id,
        version_id=version_id,
        title=seal_text(uow, uow.actor.id, named),
        text=seal_text(uow, uow.actor.id, said),
        severity=Severity(severity).value,
        state=IncidentState.OPEN.value,
        owner_id=owner_id,
        began_at=began_at,
        noticed_at=noticed,
        opened_by=uow.actor.id,
        opened_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    _link(uow, row, alert_ids)
    uow.record(
        "incident.opened",
        "incident",
        row.id,
        {
            "version": version_id,
            "severity": row.severity,
            "owner": owner_id,
            "began": began_at.isoformat(),
            "noticed": noticed.isoformat(),
            "alerts": list(alert_ids),
        },
    )
    return queries.incident(uow.session, row.id)


def add_alert(uow: UnitOfWork, incident_id: str, alert_id: str) -> None:
    """Say that an alert belongs to an open incident of the same use case."""
    require(uow.actor, Permission.OPEN_INCIDENT)
    row = _open_row(uow, incident_id)
    if uow.session.get(IncidentAlertRow, (incident_id, alert_id)) is not None:
        raise Conflict("incident.alert_known", N_("This alert belongs to the incident already."))
    _link(uow, row, [alert_id])
    uow.record("incident.alert_added", "incident", incident_id, {"alert": alert_id})


def note(uow: UnitOfWork, incident_id: str, text: str) -> None:
    """Write down what happened or was done."""
    require(uow.actor, Permission.OPEN_INCIDENT)
    _open_row(uow, incident_id)
    said = _said(text, "text", 1)
    uow.session.add(
        IncidentNoteRow(
            id=new_id("ino"),
            incident_id=incident_id,
            author_id=uow.actor.id,
            text=seal_text(uow, uow.actor.id, said),
            written_at=uow.now,
        )
    )
    uow.record(
        "incident.noted",
        "incident",
        incident_id,
        {"text_hmac": digest_text(uow, uow.actor.id, said), "characters": len(said)},
    )


def close(uow: UnitOfWork, incident_id: str, *, resolution: str) -> None:
    """Close an incident with what was done."""
    require(uow.actor, Permission.OPEN_INCIDENT)
    row = _open_row(uow, incident_id)
    said = _said(resolution, "resolution", RESOLUTION_CHARACTERS)
    row.state = IncidentState.CLOSED.value
    row.closed_by, row.closed_at = uow.actor.id, uow.now
    row.resolution = seal_text(uow, uow.actor.id, said)
    uow.session.add(row)
    uow.record(
        "incident.closed",
        "incident",
        incident_id,
        {"version": row.version_id, "resolution_hmac": digest_text(uow, uow.actor.id, said)},
    )


def _link(uow: UnitOfWork, row: IncidentRow, alert_ids: Sequence[str]) -> None:
    for alert_id in alert_ids:
        found = alerts.alert(uow.session, alert_id)
        if registry.version(uow.session, found.version_id).use_case_id != row.use_case_id:
            raise Invalid(
                "incident.other_use_case",
                N_("The alert {id} is about another use case."),
                fix=N_("Open an incident of its own for it."),
                id=alert_id,
            )
        uow.session.add(IncidentAlertRow(incident_id=row.id, alert_id=alert_id))
    uow.session.flush()


def _open_row(uow: UnitOfWork, incident_id: str) -> IncidentRow:
    row = uow.session.exec(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update()).first()
    if row is None:
        raise NotFound("incident.unknown", N_("There is no incident {id}."), id=incident_id)
    if row.state != IncidentState.OPEN:
        raise Conflict("incident.closed", N_("This incident is closed already."))
    return row


def _said(text: str, field: str, least: int) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not least <= len(said) <= TEXT_CHARACTERS:
        raise Invalid(
            "incident.text",
            N_("Write {least} to {most} characters."),
            field=field,
            least=least,
            most=TEXT_CHARACTERS,
        )
    return said
