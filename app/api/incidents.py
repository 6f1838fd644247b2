"""Incidents over REST: open one, write down what happens, close it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.findings.severity import Severity
from core.decisions.incidents import commands, queries
from core.decisions.incidents.incident import Incident
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["incidents"])
Caller = Annotated[Actor, Depends(actor)]


class IncidentIn(BaseModel):
    """What went wrong with which version; `noticed_at` is now unless given."""

    use_case: str
    version: int = Field(ge=1)
    title: str = Field(max_length=commands.TITLE_CHARACTERS)
    text: str = Field(default="", max_length=commands.TEXT_CHARACTERS)
    severity: Severity
    owner: str
    began_at: datetime
    noticed_at: datetime | None = None
    alerts: list[str] = Field(default_factory=list, max_length=50)


class TextIn(BaseModel):
    """Words of the record."""

    text: str = Field(max_length=commands.TEXT_CHARACTERS)


class IncidentOut(BaseModel):
    """An incident."""

    id: str
    version_id: str
    title: str
    text: str
    severity: Severity
    state: str
    owner: str
    began_at: datetime
    noticed_at: datetime
    opened_by: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None
    resolution: str
    alerts: list[str]


@router.get("/incidents", summary="Incidents")
def list_all(caller: Caller, *, only_open: bool = False) -> list[IncidentOut]:
    """Answer the incidents, open ones first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(one) for one in queries.incidents(view, only_open=only_open)]


@router.get("/incidents/{incident_id}", summary="One incident")
def get_one(incident_id: str, caller: Caller) -> IncidentOut:
    """Answer an incident."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.incident(view, incident_id))


@router.post("/incidents", status_code=status.HTTP_201_CREATED, summary="Open an incident")
def open_one(body: IncidentIn, caller: Caller) -> IncidentOut:
    """Open an incident on a version."""
    with unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        made = commands.open_incident(
            uow,
            version_id=version.id,
            title=body.title,
            text=body.text,
            severity=body.severity,
            owner_id=body.owner,
            began_at=body.began_at,
            alert_ids=body.alerts,
            noticed_at=body.noticed_at,
        )
        return _out(made)


@router.post("/incidents/{incident_id}/notes", status_code=status.HTTP_201_CREATED, summary="Write down")
def note(incident_id: str, body: TextIn, caller: Caller) -> IncidentOut:
    """Add to the record of an open incident."""
    with unit_of_work(caller) as uow:
        commands.note(uow, incident_id, body.text)
        return _out(queries.incident(uow.session, incident_id))


@router.post("/incidents/{incident_id}/close", summary="Close an incident")
def close(incident_id: str, body: TextIn, caller: Caller) -> IncidentOut:
    """Close it with what was done."""
    with unit_of_work(caller) as uow:
        commands.close(uow, incident_id, resolution=body.text)
        return _out(queries.incident(uow.session, incident_id))


def _out(one: Incident) -> IncidentOut:
    return IncidentOut(
        id=one.id,
        version_id=one.version_id,
        title=one.title,
        text=one.text,
        severity=one.severity,
        state=one.state.value,
        owner=one.owner_id,
        began_at=one.began_at,
        noticed_at=one.noticed_at,
        opened_by=one.opened_by,
        opened_at=one.opened_at,
        closed_by=one.closed_by,
        closed_at=one.closed_at,
        resolution=one.resolution,
        alerts=list(one.alert_ids),
    )
