"""Out of the ordinary, over REST: emergency releases and the reviews they owe, the way back, the end, lent seats."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from app.api.identity import actor
from app.api.release_shapes import DebtOut, ReleaseOut, debt, whole
from app.api.releases import TicketOut, confirmed
from app.api.repeats import Key, once
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.releases import commands, facts, pledges, queries
from core.decisions.releases.delegation import Delegation
from core.decisions.releases.emergencies import emergency_subject
from core.decisions.releases.snapshot import digest, subject
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, UnitOfWork

router = APIRouter(tags=["releases"])
Caller = Annotated[Actor, Depends(actor)]


class GlassIn(BaseModel):
    """The first step of an emergency release: which version, where, and one's own password."""

    use_case: str
    version: int = Field(ge=1)
    environment: str = "production"
    password: SecretStr = Field(max_length=256)


class EmergencyIn(BaseModel):
    """The second step: why, who reviews it afterwards (a person's id), and the ticket of the first step."""

    use_case: str
    version: int = Field(ge=1)
    environment: str = "production"
    reason: str = Field(max_length=4000)
    reviewer: str
    ticket: str = Field(max_length=200)


class PasswordIn(BaseModel):
    """One's own password."""

    password: SecretStr = Field(max_length=256)


class ReviewIn(BaseModel):
    """What the review found; `upheld` approves the release from then on."""

    upheld: bool
    finding: str = Field(max_length=4000)
    ticket: str = Field(max_length=200)


class ReviewerIn(BaseModel):
    """Another reviewer, by id."""

    reviewer: str


class BackIn(BaseModel):
    """Why, and to which earlier release; the last one where none is named."""

    reason: str = Field(max_length=4000)
    release: str | None = None


class EndIn(BaseModel):
    """Why."""

    reason: str = Field(max_length=4000)


class SwapOut(BaseModel):
    """What is live now; nothing where `version_id` is empty."""

    use_case: str
    environment: str
    version_id: str | None


class DelegationIn(BaseModel):
    """One's own seat, lent to a person (by id) until a moment."""

    area: str
    to: str
    until: AwareDatetime
    reason: str = Field(default="", max_length=2000)


class DelegationOut(BaseModel):
    """A lent seat; people are pseudonyms."""

    id: str
    person: str
    delegate: str
    area: str
    ends_at: AwareDatetime


@router.post("/emergencies/ticket", status_code=status.HTTP_201_CREATED, summary="Emergency, first step")
def emergency_ticket(body: GlassIn, caller: Caller, request: Request) -> TicketOut:
    """Confirm who you are; the ticket is bound to the version, the environment and the facts as they are now."""
    require(caller, Permission.DECIDE_RELEASE)
    with reading() as view:
        version = registry.version_by_number(view, body.use_case, body.version)
        seen = digest(facts.snapshot(view, version, body.environment))
    return confirmed(caller, request, body.password, emergency_subject(version.id, body.environment, seen))


@router.post(
    "/emergencies", status_code=status.HTTP_201_CREATED, summary="Break the glass", response_model=ReleaseOut
)
def emergency(body: EmergencyIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Put an evaluated version live at once; its review is owed by a named person, by a day."""

    def do(uow: UnitOfWork) -> ReleaseOut:
        version = registry.version_by_number(uow.session, body.use_case, body.version)
        request_id = commands.break_glass(
            uow,
            version_id=version.id,
            environment=body.environment,
            reason=body.reason,
            reviewer_id=body.reviewer,
            ticket=body.ticket,
        )
        return whole(uow.session, request_id)

    return once(caller, request, key, body, do)


@router.get("/debts", summary="Reviews that emergency releases owe")
def debts(caller: Caller) -> list[DebtOut]:
    """Answer every review that is owed, the nearest due first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [debt(owed) for owed in pledges.debts(view)]


@router.post("/debts/{debt_id}/ticket", status_code=status.HTTP_201_CREATED, summary="Confirm who you are")
def debt_ticket(debt_id: str, body: PasswordIn, caller: Caller, request: Request) -> TicketOut:
    """Answer a ticket for the review of an emergency release."""
    with reading() as view:
        owed = pledges.debt(view, debt_id)
        seen = queries.rounds(view, owed.request_id)[-1].snapshot_digest
    return confirmed(caller, request, body.password, subject(debt_id, seen))


@router.post("/debts/{debt_id}/review", summary="Review an emergency release", response_model=DebtOut)
def pay(debt_id: str, body: ReviewIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Pay the debt: for the named reviewer alone."""

    def do(uow: UnitOfWork) -> DebtOut:
        commands.review_emergency(uow, debt_id, upheld=body.upheld, finding=body.finding, ticket=body.ticket)
        return debt(pledges.debt(uow.session, debt_id))

    return once(caller, request, key, body, do, status=200)


@router.post("/debts/{debt_id}/reviewer", summary="Name another reviewer", response_model=DebtOut)
def reviewer(debt_id: str, body: ReviewerIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Name another reviewer; the due time stays."""

    def do(uow: UnitOfWork) -> DebtOut:
        commands.name_reviewer(uow, debt_id, body.reviewer)
        return debt(pledges.debt(uow.session, debt_id))

    return once(caller, request, key, body, do, status=200)


@router.post("/live/{use_case}/{environment}/roll-back", summary="Roll back", response_model=SwapOut)
def roll_back(
    use_case: str, environment: str, body: BackIn, caller: Caller, request: Request, key: Key = None
) -> Response:
    """Bring back a version that was approved before and still passes; anything else is an emergency."""

    def do(uow: UnitOfWork) -> SwapOut:
        version_id = commands.roll_back(
            uow, slug=use_case, environment=environment, reason=body.reason, request_id=body.release
        )
        return SwapOut(use_case=use_case, environment=environment, version_id=version_id)

    return once(caller, request, key, body, do, status=200)


@router.post("/live/{use_case}/{environment}/retire", summary="Take out of service", response_model=SwapOut)
def retire(
    use_case: str, environment: str, body: EndIn, caller: Caller, request: Request, key: Key = None
) -> Response:
    """Take the live version out without another in its place."""

    def do(uow: UnitOfWork) -> SwapOut:
        commands.retire(uow, slug=use_case, environment=environment, reason=body.reason)
        return SwapOut(use_case=use_case, environment=environment, version_id=None)

    return once(caller, request, key, body, do, status=200)


@router.get("/delegations", summary="Lent seats")
def delegations(caller: Caller) -> list[DelegationOut]:
    """Answer every seat that is lent and not taken back."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_lent(found) for found in pledges.delegations(view)]


@router.post(
    "/delegations", status_code=status.HTTP_201_CREATED, summary="Lend a seat", response_model=DelegationOut
)
def lend(body: DelegationIn, caller: Caller, request: Request, key: Key = None) -> Response:
    """Let another person sign for one's own area until a moment."""

    def do(uow: UnitOfWork) -> DelegationOut:
        made = commands.delegate(uow, area=body.area, to=body.to, until=body.until, reason=body.reason)
        return next(_lent(d) for d in pledges.delegations(uow.session, caller.id) if d.id == made)

    return once(caller, request, key, body, do)


@router.delete(
    "/delegations/{delegation_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Take a seat back"
)
def take_back(delegation_id: str, caller: Caller) -> None:
    """End a delegation; for the two people concerned and for administrators."""
    with unit_of_work(caller) as uow:
        commands.end_delegation(uow, delegation_id)


def _lent(found: Delegation) -> DelegationOut:
    return DelegationOut(
        id=found.id,
        person=found.person_id,
        delegate=found.delegate_id,
        area=found.area,
        ends_at=found.ends_at,
    )
