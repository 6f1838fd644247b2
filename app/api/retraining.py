"""Retraining over REST: the policy, requests, answers, and the version that a team's own pipeline made."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.retraining import commands, queries
from core.decisions.retraining.policy import Policy
from core.decisions.retraining.request import Recipe, Retraining
from core.platform.access.permissions import Permission, Role, require
from core.platform.store import Actor

router = APIRouter(tags=["retraining"])
Caller = Annotated[Actor, Depends(actor)]


class PolicyIn(BaseModel):
    """What proposes a retraining; 0 switches a trigger off. `areas` must consent, the data scientists among them."""

    alerts: int = Field(default=1, ge=0)
    kpi: bool = True
    every_days: int = Field(default=180, ge=0)
    labels: int = Field(default=0, ge=0)
    rest_days: int = Field(default=14, ge=0)
    outcome_days: int = Field(default=0, ge=0)
    areas: list[Role] = Field(default=[Role.DATA_SCIENTIST, Role.OPERATIONS], max_length=8)


class PolicyOut(PolicyIn):
    """The policy in force; `set_by` is empty where it is the one that Aval ships with."""

    set_by: str
    set_at: datetime | None


class ProposalIn(BaseModel):
    """`clone` has Aval train the approved pipeline; `outside` tells the team's own by webhook."""

    use_case: str
    recipe: Recipe = Recipe.CLONE


class AnswerIn(BaseModel):
    """Consent or decline for the own area, with the reason."""

    consents: bool
    reason: str = Field(max_length=commands.MOST_CHARACTERS)


class ChallengerIn(BaseModel):
    """The number of the version that the team's pipeline uploaded."""

    version: int = Field(ge=1)


class VoteOut(BaseModel):
    """One area's answer."""

    area: Role
    person: str
    consents: bool
    reason: str
    at: datetime


class RetrainingOut(BaseModel):
    """A retraining; `result` compares challenger and champion on the same later rows, once there is one."""

    id: str
    use_case: str
    state: str
    recipe: Recipe
    champion: int
    challenger: int | None
    triggers: list[dict[str, Any]]
    areas: list[Role]
    votes: list[VoteOut]
    proposed_by: str
    proposed_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    snapshot: dict[str, Any] | None
    result: dict[str, Any] | None
    problem: dict[str, Any] | None


@router.get("/use-cases/{use_case}/retraining-policy", summary="When a retraining is proposed")
def get_policy(use_case: str, caller: Caller) -> PolicyOut:
    """Answer the policy in force."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.policy(view, registry.use_case(view, use_case).id)
    return PolicyOut(**found.policy.to_json(), set_by=found.set_by, set_at=found.set_at)


@router.put("/use-cases/{use_case}/retraining-policy", summary="Set when a retraining is proposed")
def put_policy(use_case: str, body: PolicyIn, caller: Caller) -> PolicyOut:
    """Set it; it only proposes, people decide."""
    with unit_of_work(caller) as uow:
        case = registry.use_case(uow.session, use_case)
        commands.set_policy(uow, case.id, Policy.from_json(body.model_dump()))
        found = queries.policy(uow.session, case.id)
    return PolicyOut(**found.policy.to_json(), set_by=found.set_by, set_at=found.set_at)


@router.get("/retraining", summary="Retrainings")
def list_all(caller: Caller, use_case: str = "") -> list[RetrainingOut]:
    """Answer the retrainings of a use case or of all, newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        case_id = registry.use_case(view, use_case).id if use_case else None
        return _out(view, queries.retrainings(view, case_id))


@router.get("/retraining/{retraining_id}", summary="One retraining")
def get_one(retraining_id: str, caller: Caller) -> RetrainingOut:
    """Answer a retraining."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(view, [queries.retraining(view, retraining_id)])[0]


@router.post("/retraining", status_code=status.HTTP_201_CREATED, summary="Propose a retraining")
def propose(body: ProposalIn, caller: Caller) -> RetrainingOut:
    """Propose a retraining of the live version; one at a time."""
    with unit_of_work(caller) as uow:
        case = registry.use_case(uow.session, body.use_case)
        made = commands.propose(uow, case.id, recipe=body.recipe)
        return _out(uow.session, [queries.retraining(uow.session, made)])[0]


@router.post("/retraining/{retraining_id}/answer", summary="Consent or decline")
def answer(retraining_id: str, body: AnswerIn, caller: Caller) -> RetrainingOut:
    """Answer for the own area; the last consent starts the run."""
    with unit_of_work(caller) as uow:
        commands.answer(uow, retraining_id, consents=body.consents, reason=body.reason)
        return _out(uow.session, [queries.retraining(uow.session, retraining_id)])[0]


@router.post("/retraining/{retraining_id}/challenger", summary="Name the version that was made")
def challenger(retraining_id: str, body: ChallengerIn, caller: Caller) -> RetrainingOut:
    """Name the version that the team's own pipeline uploaded; it is compared with the champion once it is checked."""
    with unit_of_work(caller) as uow:
        found = queries.retraining(uow.session, retraining_id)
        slug = registry.use_case_by_id(uow.session, found.use_case_id).slug
        version = registry.version_by_number(uow.session, slug, body.version)
        commands.answer_with(uow, retraining_id, version.id)
        return _out(uow.session, [queries.retraining(uow.session, retraining_id)])[0]


def _out(view: Any, found: Any) -> list[RetrainingOut]:
    ids = {one.champion for one in found} | {one.challenger for one in found if one.challenger}
    versions = {v.id: v for v in registry.versions_by_id(view, ids)}
    return [_one(one, versions) for one in found]


def _one(one: Retraining, versions: dict[str, registry.Version]) -> RetrainingOut:
    champion = versions[one.champion]
    return RetrainingOut(
        id=one.id,
        use_case=champion.use_case_slug,
        state=one.state.value,
        recipe=one.recipe,
        champion=champion.number,
        challenger=versions[one.challenger].number if one.challenger else None,
        triggers=[trigger.to_json() | {"text": trigger.text()} for trigger in one.triggers],
        areas=list(one.areas),
        votes=[
            VoteOut(area=v.area, person=v.person_id, consents=v.consents, reason=v.reason, at=v.at)
            for v in one.votes
        ],
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        decided_at=one.decided_at,
        ended_at=one.ended_at,
        snapshot=one.snapshot.to_json() if one.snapshot else None,
        result=one.result.to_json() if one.result else None,
        problem=dict(one.problem) if one.problem else None,
    )
