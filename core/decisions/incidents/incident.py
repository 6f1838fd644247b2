"""An incident: what went wrong with a version in use, from when it began to what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.decisions.findings.severity import Severity
from core.i18n import N_


class IncidentState(StrEnum):
    """An incident is open until somebody closes it, with what was done."""

    OPEN = "open"
    CLOSED = "closed"


STATE_NAMES: Mapping[IncidentState, str] = {
    IncidentState.OPEN: N_("Open"),
    IncidentState.CLOSED: N_("Closed"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the record."""

    author_id: str
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; `began_at` is when the matter itself began, `noticed_at` when somebody knew of it."""

    id: str
    use_case_id: str
    version_id: str
    title: str
    text: str
    severity: Severity
    state: IncidentState
    owner_id: str
    began_at: datetime
    noticed_at: datetime
    opened_by: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None
    resolution: str
    alert_ids: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.state is IncidentState.OPEN
