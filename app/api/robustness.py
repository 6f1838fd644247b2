"""Robustness over REST: what shaken inputs do to a version."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.robustness import commands, queries
from core.evidence.robustness.report import to_json
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["robustness"])
Caller = Annotated[Actor, Depends(actor)]


class ReportOut(BaseModel):
    """`report` holds the metric of the rows as they are and, per shake, its drop and the share of changed decisions."""

    created_at: datetime
    report: dict[str, Any]


class StartedOut(BaseModel):
    """The job; follow it at /jobs/{job}."""

    job: str


@router.get("/robustness/{use_case}/{version}", summary="What shaken inputs do to a version")
def report(use_case: str, version: int, caller: Caller) -> ReportOut:
    """Answer what is stored."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.shaken(view, registry.version_by_number(view, use_case, version).id)
    if found is None:
        raise NotFound(
            "robustness.none",
            N_("Version {version} of {use_case} has no such report yet."),
            fix=N_("Start one, or wait for the running one."),
            version=version,
            use_case=use_case,
        )
    return ReportOut(created_at=found.created_at, report=to_json(found.report))


@router.post("/robustness/{use_case}/{version}", status_code=202, summary="Shake a version")
def start(use_case: str, version: int, caller: Caller) -> StartedOut:
    """Start the job; a running one is returned instead of a second."""
    with reading() as view:
        version_id = registry.version_by_number(view, use_case, version).id
    with unit_of_work(caller) as uow:
        return StartedOut(job=commands.request_report(uow, version_id))
