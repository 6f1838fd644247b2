"""Reading of incidents."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from core.decisions.findings.severity import Severity
from core.decisions.incidents.incident import Incident, IncidentState, Note
from core.decisions.incidents.tables import IncidentAlertRow, IncidentNoteRow, IncidentRow
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import open_texts


def incident(session: Session, incident_id: str) -> Incident:
    """Return an incident; raise `NotFound`."""
    row = session.get(IncidentRow, incident_id)
    if row is None:
        raise NotFound("incident.unknown", N_("There is no incident {id}."), id=incident_id)
    return _read(session, [row])[0]


def incidents(
    session: Session,
    *,
    use_case_id: str | None = None,
    version_id: str | None = None,
    owner_id: str | None = None,
    only_open: bool = False,
    limit: int = 200,
) -> tuple[Incident, ...]:
    """Return incidents, open ones first, the newest first."""
    query = select(IncidentRow).order_by(
        col(IncidentRow.state) == IncidentState.CLOSED.value,
        col(IncidentRow.opened_at).desc(),
        IncidentRow.id,
    )
    if use_case_id is not None:
        query = query.where(IncidentRow.use_case_id == use_case_id)
    if version_id is not None:
        query = query.where(IncidentRow.version_id == version_id)
    if owner_id is not None:
        query = query.where(IncidentRow.owner_id == owner_id)
    if only_open:
        query = query.where(IncidentRow.state == IncidentState.OPEN.value)
    return _read(session, session.exec(query.limit(limit)).all())


def of_alert(session: Session, alert_id: str) -> tuple[Incident, ...]:
    """Return the incidents that an alert belongs to."""
    rows = session.exec(
        select(IncidentRow)
        .join(IncidentAlertRow, col(IncidentAlertRow.incident_id) == IncidentRow.id)
        .where(IncidentAlertRow.alert_id == alert_id)
        .order_by(col(IncidentRow.opened_at))
    ).all()
    return _read(session, rows)


def notes(session: Session, incident_id: str) -> tuple[Note, ...]:
    """Return what was written down, oldest first."""
    rows = session.exec(
        select(IncidentNoteRow)
        .where(IncidentNoteRow.incident_id == incident_id)
        .order_by(col(IncidentNoteRow.written_at), IncidentNoteRow.id)
    ).all()
    texts = open_texts(session, [row.text for row in rows]) if rows else []
    return tuple(Note(row.author_id, text, row.written_at) for row, text in zip(rows, texts, strict=True))


def _read(session: Session, rows: Sequence[IncidentRow]) -> tuple[Incident, ...]:
    if not rows:
        return ()
    said = open_texts(session, [text for row in rows for text in (row.title, row.text, row.resolution)])
    held: dict[str, tuple[str, ...]] = {}
    query = (
        select(IncidentAlertRow)
        .where(col(IncidentAlertRow.incident_id).in_([row.id for row in rows]))
        .order_by(IncidentAlertRow.alert_id)
    )
    for link in session.exec(query):
        held[link.incident_id] = (*held.get(link.incident_id, ()), link.alert_id)
    return tuple(
        Incident(
            row.id, row.use_case_id, row.version_id, said[3 * n], said[3 * n + 1], Severity(row.severity),
            IncidentState(row.state), row.owner_id, row.began_at, row.noticed_at, row.opened_by, row.opened_at,
            row.closed_by, row.closed_at, said[3 * n + 2], held.get(row.id, ()),
        )
        for n, row in enumerate(rows)
    )  # fmt: skip
