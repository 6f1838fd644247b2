"""Findings over REST: open one, waive it for a while, resolve it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import AwareDatetime, BaseModel, Field

from app.api.identity import actor
from app.api.repeats import Key, once
from app.wiring import reading
from core.assets.registry import queries as registry
from core.decisions.findings import commands, queries
from core.decisions.findings.queries import Finding
from core.decisions.findings.severity import FindingState, Severity
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["findings"])
Caller = Annotated[Actor, Depends(actor)]


class FindingIn(BaseModel):
    """What is wrong with a version, how grave it is, and who sees to it by when."""

    use_case: str
    version: int = Field(ge=1)
    title: str = Field(max_length=200)
    text: str = Field(default="", max_length=8000)
    severity: Severity
    owner: str
    due_at: AwareDatetime


class WaiverIn(BaseModel):
    """Why it may wait, and until when."""

    reason: str = Field(max_length=4000)
    expires_at: AwareDatetime


class ResolutionIn(BaseModel):
    """What was done."""

    resolution: str = Field(max_length=4000)


class WaiverOut(BaseModel):
    """A time in which the finding does not block."""

    granted_by: str
    granted_at: datetime
    ends_at: datetime


class FindingOut(BaseModel):
    """A finding; people are pseudonyms."""

    id: str
    version_id: str
    title: str
    text: str
    severity: Severity
    state: FindingState
    owner: str
    due_at: datetime
    opened_by: str
    opened_at: datetime
    resolved_at: datetime | None
    waivers: list[WaiverOut]


@router.get("/findings", summary="Open findings")
def list_open(caller: Caller) -> list[FindingOut]:
    """Answer every open finding, the nearest due first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(found) for found in queries.open_findings(view)]


@router.get("/findings/{finding_id}", summary="One finding")
def get_one(finding_id: str, caller: Caller) -> FindingOut:
    """Answer a finding with its waivers."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.finding(view, finding_id))


@router.post(
    "/findings", status_code=status.HTTP_201_CREATED, summary="Open a finding", response_model=FindingOut
)
def create(body: FindingIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Open a finding on a version, with an owner and a due date."""

    def do(uow: UnitOfWork) -> FindingOut:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        return _out(
            commands.open_finding(
                uow,
                version_id=version.id,
                title=body.title,
                text=body.text,
                severity=body.severity,
                owner_id=body.owner,
                due_at=body.due_at,
            )
        )

    return once(caller, request, key, body, do)


@router.post(
    "/findings/{finding_id}/waivers",
    status_code=status.HTTP_201_CREATED,
    summary="Waive a finding for a while",
    response_model=FindingOut,
)
def waive(finding_id: str, body: WaiverIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Let the finding not block until a day; the graver, the shorter."""

    def do(uow: UnitOfWork) -> FindingOut:
        commands.waive(uow, finding_id, reason=body.reason, expires_at=body.expires_at)
        return _out(queries.finding(uow.session, finding_id))

    return once(caller, request, key, body, do)


@router.post("/findings/{finding_id}/block", summary="End a waiver", response_model=FindingOut)
def revoke(finding_id: str, caller: Caller, request: Request, key: Key = None) -> Response:
    """End the waiver that holds; the finding blocks again at once."""

    def do(uow: UnitOfWork) -> FindingOut:
        commands.revoke_waiver(uow, finding_id)
        return _out(queries.finding(uow.session, finding_id))

    return once(caller, request, key, None, do, status=200)


@router.post("/findings/{finding_id}/resolve", summary="Resolve a finding", response_model=FindingOut)
def resolve(
    finding_id: str, body: ResolutionIn, caller: Caller, request: Request, key: Key = None
) -> Response:
    """Close the finding with what was done; the author of the version cannot."""

    def do(uow: UnitOfWork) -> FindingOut:
        commands.resolve(uow, finding_id, resolution=body.resolution)
        return _out(queries.finding(uow.session, finding_id))

    return once(caller, request, key, body, do, status=200)


def _out(found: Finding) -> FindingOut:
    return FindingOut(
        id=found.id,
        version_id=found.version_id,
        title=found.title,
        text=found.text,
        severity=found.severity,
        state=found.state,
        owner=found.owner_id,
        due_at=found.due_at,
        opened_by=found.opened_by,
        opened_at=found.opened_at,
        resolved_at=found.resolved_at,
        waivers=[
            WaiverOut(granted_by=w.granted_by, granted_at=w.granted_at, ends_at=w.ends_at)
            for w in found.waivers
        ],
    )
