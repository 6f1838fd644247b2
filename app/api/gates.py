"""Gates on demand over REST: for continuous integration, before anybody is asked."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.api.release_shapes import GateOut, gate
from app.api.repeats import Key, once
from app.wiring import reading
from core.assets.registry import queries as registry
from core.decisions.releases import commands
from core.decisions.releases.checking import Check, check
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["gates"])
Caller = Annotated[Actor, Depends(actor)]


class CheckIn(BaseModel):
    """Which version is to be held against its sealed thresholds for which environment."""

    use_case: str
    version: int = Field(ge=1)
    environment: str = "production"


class CheckOut(BaseModel):
    """`passes` is empty while the job runs; then it says whether nothing blocks."""

    id: str
    environment: str
    policy_digest: str
    asked_at: datetime
    judged_at: datetime | None
    passes: bool | None
    gates: list[GateOut]


@router.post(
    "/gates", status_code=status.HTTP_202_ACCEPTED, summary="Judge the gates", response_model=CheckOut
)
def create(body: CheckIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Have the gates judged by a job; ask for the answer under the id. Decides nothing."""

    def do(uow: UnitOfWork) -> CheckOut:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        made = commands.check_gates(uow, version_id=version.id, environment=body.environment)
        return _out(check(uow.session, made))

    return once(caller, request, key, body, do, status=202)


@router.get("/gates/{check_id}", summary="What the gates said")
def get_one(check_id: str, caller: Caller) -> CheckOut:
    """Answer a check with its gates."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(check(view, check_id))


def _out(found: Check) -> CheckOut:
    return CheckOut(
        id=found.id,
        environment=found.environment,
        policy_digest=found.policy_digest,
        asked_at=found.asked_at,
        judged_at=found.judged_at,
        passes=found.passes if found.judged_at else None,
        gates=[gate(verdict) for verdict in found.verdicts],
    )
