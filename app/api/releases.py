"""Releases over REST: ask for one, read what was found, confirm who you are, sign, take it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from app.api.identity import actor
from app.api.release_shapes import ReleaseOut, brief, whole
from app.api.repeats import Key, once
from app.wiring import reading, store
from core.assets.registry import queries as registry
from core.decisions.releases import commands
from core.decisions.releases.promises import Promise
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.review import Scope, queue
from core.decisions.releases.snapshot import subject
from core.platform.access.confirmation import confirm_with_password
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import LIFETIME, Purpose
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["releases"])
Caller = Annotated[Actor, Depends(actor)]
DIGEST = "^[0-9a-f]{64}$"


class ReleaseIn(BaseModel):
    """A request: which version (`number` within its use case) is to go live where."""

    use_case: str = Field(examples=["consumer-credit"])
    version: int = Field(ge=1, examples=[3])
    environment: str = Field(default="production", examples=["production"])
    note: str = Field(default="", max_length=2000)


class TicketIn(BaseModel):
    """One's own password, and the digest of what is about to be signed."""

    password: SecretStr = Field(max_length=256)
    snapshot: str = Field(pattern=DIGEST)


class TicketOut(BaseModel):
    """A ticket for one signature, `seconds` long."""

    ticket: str
    seconds: int


class PromiseIn(BaseModel):
    """A condition: what is to be done, by whom (a person's id), by when."""

    text: str = Field(max_length=2000)
    owner: str
    due_at: AwareDatetime


class VoteIn(BaseModel):
    """A signature: `snapshot` is the digest of what the signer saw, `ticket` says that it is they who sign."""

    area: str = Field(examples=["compliance"])
    meaning: Meaning
    rationale: str = Field(max_length=4000)
    snapshot: str = Field(pattern=DIGEST)
    ticket: str = Field(default="", max_length=200)
    conditions: list[PromiseIn] = Field(default=[], max_length=20)
    on_behalf_of: str = ""


class RoundIn(BaseModel):
    """`adopt_kpis` pins newer KPI versions in the new round."""

    note: str = Field(default="", max_length=2000)
    adopt_kpis: bool = False


class MetIn(BaseModel):
    """How one knows that a condition is met."""

    note: str = Field(max_length=4000)


class JobOut(BaseModel):
    """A job's id."""

    job: str


@router.post(
    "/releases", status_code=status.HTTP_201_CREATED, summary="Request a release", response_model=ReleaseOut
)
def create(body: ReleaseIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Ask for a version to go live; its gates are judged next, from thresholds sealed before its evaluation."""

    def do(uow: UnitOfWork) -> ReleaseOut:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        request_id = commands.request_release(
            uow, version_id=version.id, environment=body.environment, note=body.note
        )
        return whole(uow.session, request_id)

    return once(caller, request, key, body, do)


@router.get("/releases", summary="Release requests")
def list_all(caller: Caller, scope: Annotated[Scope, Query()] = Scope.ALL) -> list[ReleaseOut]:
    """Answer the requests that wait for the caller (`mine`), all open ones, or the decided ones (`done`)."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [brief(view, found) for found in queue(view, scope, caller, store().clock())]


@router.get("/releases/{request_id}", summary="One release request")
def get_one(request_id: str, caller: Caller) -> ReleaseOut:
    """Answer a request with its gates, signatures, conditions and rounds."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return whole(view, request_id)


@router.post(
    "/releases/{request_id}/ticket", status_code=status.HTTP_201_CREATED, summary="Confirm who you are"
)
def ticket(request_id: str, body: TicketIn, caller: Caller, request: Request) -> TicketOut:
    """Answer a ticket for one signature of this request as it was seen: five minutes, one use, the caller alone."""
    return confirmed(caller, request, body.password, subject(request_id, body.snapshot))


@router.post(
    "/releases/{request_id}/votes",
    status_code=status.HTTP_201_CREATED,
    summary="Sign a request",
    response_model=ReleaseOut,
)
def vote(request_id: str, body: VoteIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Sign for one of the caller's areas; the author of a version is refused, and so is a service token."""

    def do(uow: UnitOfWork) -> ReleaseOut:
        commands.sign(
            uow,
            request_id,
            area=body.area,
            meaning=body.meaning,
            rationale=body.rationale,
            snapshot_digest=body.snapshot,
            ticket=body.ticket,
            conditions=[Promise(c.text, c.owner, c.due_at) for c in body.conditions],
            on_behalf_of=body.on_behalf_of,
        )
        return whole(uow.session, request_id)

    return once(caller, request, key, body, do)


@router.post(
    "/releases/{request_id}/conditions/{condition_id}",
    summary="A condition is met",
    response_model=ReleaseOut,
)
def meet(
    request_id: str, condition_id: str, body: MetIn, caller: Caller, request: Request, key: Key = None
) -> Response:
    """Confirm that a condition is met; for whoever may decide on the version."""

    def do(uow: UnitOfWork) -> ReleaseOut:
        commands.meet_condition(uow, condition_id, note=body.note)
        return whole(uow.session, request_id)

    return once(caller, request, key, body, do, status=200)


@router.post(
    "/releases/{request_id}/checks",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Run the checks again",
    response_model=JobOut,
)
def checks(request_id: str, caller: Caller, request: Request, key: Key = None) -> Response:
    """Judge the gates again; answers the job's id."""

    def do(uow: UnitOfWork) -> JobOut:
        return JobOut(job=commands.run_checks(uow, request_id))

    return once(caller, request, key, None, do, status=202)


@router.post(
    "/releases/{request_id}/rounds",
    status_code=status.HTTP_201_CREATED,
    summary="Open a new round",
    response_model=ReleaseOut,
)
def new_round(
    request_id: str, caller: Caller, request: Request, body: RoundIn | None = None, key: Key = None
) -> Response:
    """Open a new round after requested changes, or when a fact of the round has changed."""
    asked = body or RoundIn()

    def do(uow: UnitOfWork) -> ReleaseOut:
        commands.resubmit(uow, request_id, note=asked.note, adopt_kpis=asked.adopt_kpis)
        return whole(uow.session, request_id)

    return once(caller, request, key, asked, do)


@router.post("/releases/{request_id}/withdraw", summary="Withdraw a request", response_model=ReleaseOut)
def withdraw(request_id: str, caller: Caller, request: Request, key: Key = None) -> Response:
    """Take a request back; open to whoever asked for it and to the author of the version."""

    def do(uow: UnitOfWork) -> ReleaseOut:
        commands.withdraw(uow, request_id)
        return whole(uow.session, request_id)

    return once(caller, request, key, None, do, status=200)


def confirmed(caller: Actor, request: Request, password: SecretStr, about: str) -> TicketOut:
    """Check the caller's own password and answer a ticket for `about`."""
    address = request.client.host if request.client else ""
    secret = confirm_with_password(store(), caller, password.get_secret_value(), about, address=address)
    return TicketOut(ticket=secret, seconds=int(LIFETIME[Purpose.SIGNING].total_seconds()))
