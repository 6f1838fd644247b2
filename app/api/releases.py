"""Releases over REST: ask for one, read what was found, sign it, take it back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.releases import commands, queries
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.release import GateResult, Release, Signed
from core.decisions.releases.review import Scope, queue
from core.decisions.releases.states import ReleaseState
from core.i18n import _
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["releases"])
Caller = Annotated[Actor, Depends(actor)]


class ReleaseIn(BaseModel):
    """A request: which version (`number` within its use case) is to go live where."""

    use_case: str = Field(examples=["consumer-credit"])
    version: int = Field(ge=1, examples=[3])
    environment: str = Field(default="production", examples=["production"])
    note: str = Field(default="", max_length=2000)


class VoteIn(BaseModel):
    """A signature: `snapshot` is the digest of what the signer saw, from the request's document."""

    area: str = Field(examples=["compliance"])
    meaning: Meaning
    rationale: str = Field(max_length=4000)
    snapshot: str = Field(pattern="^[0-9a-f]{64}$")


class GateOut(BaseModel):
    """One gate: `blocks` says whether it stands in the way; a limit is read with `comparison`."""

    kind: str
    verdict: str
    blocks: bool
    metric: str
    measured: float | None
    low: float | None
    high: float | None
    n: int
    limit: float | None
    comparison: str
    unit: str
    reason: str
    judged_at: datetime


class VoteOut(BaseModel):
    """One signature; `person` is a pseudonym."""

    person: str
    area: str
    meaning: str
    round: int
    signed_at: datetime


class ReleaseOut(BaseModel):
    """A request as it stands; people are pseudonyms, `page` is the path of its page."""

    id: str
    use_case: str
    version: int
    model: str
    artifact_digest: str
    environment: str
    state: ReleaseState
    round: int
    snapshot: str
    policy_digest: str
    requested_by: str
    requested_at: datetime
    due_at: datetime
    closed_at: datetime | None
    approved_at: datetime | None
    expires_at: datetime | None
    signed: int
    signatures: int
    note: str
    page: str
    gates: list[GateOut] = []
    votes: list[VoteOut] = []


@router.post("/releases", status_code=status.HTTP_201_CREATED, summary="Request a release")
def create(body: ReleaseIn, caller: Caller) -> ReleaseOut:
    """Ask for a version to go live; its gates are judged next, from thresholds sealed before its evaluation."""
    with unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        request_id = commands.request_release(
            uow, version_id=version.id, environment=body.environment, note=body.note
        )
        return _whole(uow.session, request_id)


@router.get("/releases", summary="Release requests")
def list_all(caller: Caller, scope: Annotated[Scope, Query()] = Scope.ALL) -> list[ReleaseOut]:
    """Answer the requests that wait for the caller (`mine`), all open ones, or the decided ones (`done`)."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(view, found) for found in queue(view, scope, caller)]


@router.get("/releases/{request_id}", summary="One release request")
def get_one(request_id: str, caller: Caller) -> ReleaseOut:
    """Answer a request with its gates and signatures."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _whole(view, request_id)


@router.post("/releases/{request_id}/votes", status_code=status.HTTP_201_CREATED, summary="Sign a request")
def vote(request_id: str, body: VoteIn, caller: Caller) -> ReleaseOut:
    """Sign for one of the caller's areas; the author of a version is refused, and so is a service token."""
    with unit_of_work(caller) as uow:
        commands.sign(
            uow,
            request_id,
            area=body.area,
            meaning=body.meaning,
            rationale=body.rationale,
            snapshot_digest=body.snapshot,
        )
        return _whole(uow.session, request_id)


@router.post(
    "/releases/{request_id}/checks", status_code=status.HTTP_202_ACCEPTED, summary="Run the checks again"
)
def checks(request_id: str, caller: Caller) -> dict[str, str]:
    """Judge the gates again; answers the job's id."""
    with unit_of_work(caller) as uow:
        return {"job": commands.run_checks(uow, request_id)}


@router.post("/releases/{request_id}/rounds", status_code=status.HTTP_201_CREATED, summary="Open a new round")
def new_round(request_id: str, caller: Caller) -> ReleaseOut:
    """Open a new round after requested changes, or when a fact of the round has changed."""
    with unit_of_work(caller) as uow:
        commands.resubmit(uow, request_id)
        return _whole(uow.session, request_id)


@router.post("/releases/{request_id}/withdraw", summary="Withdraw a request")
def withdraw(request_id: str, caller: Caller) -> ReleaseOut:
    """Take a request back; open to whoever asked for it and to the author of the version."""
    with unit_of_work(caller) as uow:
        commands.withdraw(uow, request_id)
        return _whole(uow.session, request_id)


def _whole(view: Session, request_id: str) -> ReleaseOut:
    found = queries.release(view, request_id)
    current = queries.rounds(view, request_id)[-1]
    answer = _out(view, found)
    answer.gates = [_gate(gate) for gate in queries.gates(view, current.id)]
    answer.votes = [_vote(signed) for signed in queries.signatures(view, request_id)]
    return answer


def _out(view: Session, found: Release) -> ReleaseOut:
    return ReleaseOut(
        id=found.id,
        use_case=found.version.use_case_slug,
        version=found.version.number,
        model=found.version.model_name,
        artifact_digest=found.version.artifact_digest,
        environment=found.environment,
        state=found.state,
        round=found.round,
        snapshot=queries.rounds(view, found.id)[-1].snapshot_digest,
        policy_digest=found.policy_digest,
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        due_at=found.due_at,
        closed_at=found.closed_at,
        approved_at=found.approved_at,
        expires_at=found.expires_at,
        signed=found.signed,
        signatures=found.signatures,
        note=found.note,
        page=f"/release_review?release={found.id}",
    )


def _gate(gate: GateResult) -> GateOut:
    found = gate.verdict
    return GateOut(
        kind=found.kind.value,
        verdict=found.verdict.value,
        blocks=found.blocks,
        metric=found.metric,
        measured=found.measured,
        low=found.low,
        high=found.high,
        n=found.n,
        limit=found.limit,
        comparison=found.comparison.value,
        unit=found.unit,
        reason=_(found.reason) if found.reason else found.said,
        judged_at=gate.judged_at,
    )


def _vote(signed: Signed) -> VoteOut:
    return VoteOut(
        person=signed.person_id,
        area=signed.area,
        meaning=signed.meaning.value,
        round=signed.round,
        signed_at=signed.signed_at,
    )
