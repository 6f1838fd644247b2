"""What a deployer asks: which version is live here, under which decision, and does it still stand."""

import hashlib
import json
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app.api.identity import actor
from app.wiring import reading, store
from core.decisions.releases.effective import effective
from core.decisions.releases.release import Live
from core.decisions.releases.standing import REASONS, Standing
from core.errors import NotFound
from core.i18n import N_, _
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["live"])


class ApprovalOut(BaseModel):
    """One approval; `person` is a pseudonym."""

    person: str
    area: str
    signed_at: datetime


class DecisionOut(BaseModel):
    """The decision behind a deployment; `snapshot` is what its signatures are bound to."""

    id: str
    round: int
    snapshot: str
    policy_digest: str
    approved_at: datetime | None
    expires_at: datetime | None
    approvals: list[ApprovalOut]


class LapseOut(BaseModel):
    """What will take the standing, and when, if nobody does anything."""

    kind: str
    at: datetime


class StandingOut(BaseModel):
    """What the approval is worth at this moment, and why; `worth` is good, warning or fall_back.

    `verified_at` is when the file was last hashed and found to be the approved one.
    """

    worth: str
    reasons: list[str]
    ahead: list[LapseOut]
    verified_at: datetime | None


class LiveOut(BaseModel):
    """The live version of a use case in an environment; `digest` is the SHA-256 of the approved file.

    `instead_of` is the number of the deployed version where this earlier one answers for it.
    """

    use_case: str
    environment: str
    version: int
    version_id: str
    instead_of: int | None
    model: str
    format: str
    digest: str
    since: datetime
    decision: DecisionOut
    standing: StandingOut


@router.get("/live/{use_case}/{environment}", summary="What is live", response_model=LiveOut)
def live(
    use_case: str, environment: str, request: Request, caller: Annotated[Actor, Depends(actor)]
) -> Response:
    """Answer the live version, computed now; with `If-None-Match`, 304 while nothing has changed.

    A version whose approval has lost its standing answers 404 `live.suspended`, with the reasons. Where the policy
    lets it fall back, the previous approved version answers, if its own approval stands.
    """
    require(caller, Permission.VIEW)
    now = store().clock()
    with reading() as view:
        both = effective(view, use_case, environment, now)
    if both is None:
        raise NotFound(
            "live.nothing",
            N_("Nothing is live for {use_case} in {environment}."),
            fix=N_("A version goes live when its release is approved."),
            use_case=use_case,
            environment=environment,
        )
    deployed, answering = both
    standing = deployed.standing(now)
    if answering is None:
        raise NotFound(
            "live.suspended",
            N_("Version {number} of {use_case} is suspended in {environment}: {reasons}"),
            fix=N_("Resolve what stands in the way, roll back, or request a new release."),
            number=deployed.version.number,
            use_case=use_case,
            environment=environment,
            reasons=" ".join(_(REASONS[reason]) for reason in standing.reasons),
        )
    instead_of = deployed.version.number if answering is not deployed else None
    body = _out(answering, standing, instead_of).model_dump(mode="json")
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


def _out(found: Live, standing: Standing, instead_of: int | None) -> LiveOut:
    return LiveOut(
        use_case=found.version.use_case_slug,
        environment=found.deployment.environment,
        version=found.version.number,
        version_id=found.version.id,
        instead_of=instead_of,
        model=found.version.model_name,
        format=found.version.format,
        digest=found.deployment.artifact_digest,
        since=found.deployment.started_at,
        decision=DecisionOut(
            id=found.release.id,
            round=found.release.round,
            snapshot=found.snapshot_digest,
            policy_digest=found.release.policy_digest,
            approved_at=found.release.approved_at,
            expires_at=found.release.expires_at,
            approvals=[
                ApprovalOut(person=s.person_id, area=s.area, signed_at=s.signed_at) for s in found.approvals
            ],
        ),
        standing=StandingOut(
            worth=standing.worth.value,
            reasons=[reason.value for reason in standing.reasons],
            ahead=[LapseOut(kind=lapse.kind.value, at=lapse.at) for lapse in standing.ahead],
            verified_at=found.verified.last_at if found.verified and found.verified.ok else None,
        ),
    )
