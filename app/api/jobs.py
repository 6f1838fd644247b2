"""Background work over REST: how far it has come, and why it failed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.api.identity import actor
from app.wiring import reading
from core.i18n import _
from core.platform.access.permissions import Permission, require
from core.platform.jobs import queries
from core.platform.store import Actor

router = APIRouter(tags=["jobs"])


class Trouble(BaseModel):
    """Why something was refused or failed: a stable code, the text, and what to do about it."""

    code: str
    detail: str
    fix: str = ""
    field: str = ""


class JobOut(BaseModel):
    """A job; `progress` is a share of one, `message` says what it is doing."""

    id: str
    kind: str
    state: str
    progress: float
    message: str
    problem: Trouble | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/jobs/{job_id}", summary="How far a job has come")
def get_job(job_id: str, caller: Annotated[Actor, Depends(actor)]) -> JobOut:
    """Answer the state of a job; ask again until it is `done` or `failed`."""
    require(caller, Permission.VIEW)
    with reading() as view:
        job = queries.job(view, job_id)
    problem = job.problem
    return JobOut(
        id=job.id,
        kind=job.kind,
        state=job.state.value,
        progress=job.progress,
        message=_(job.message),
        problem=None
        if problem is None
        else Trouble(code=problem.code, detail=problem.text(), fix=problem.fix_text(), field=problem.field),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
