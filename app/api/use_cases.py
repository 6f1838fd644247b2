"""Use cases over REST: what is governed, and who answers for it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import commands, queries
from core.assets.registry.usecase import RiskTier, Task, UseCase, UseCaseEdit
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["use cases"])


class UseCaseIn(BaseModel):
    """A new use case; `slug` is its name in addresses, `currency` an ISO 4217 code."""

    slug: str = Field(examples=["consumer-credit"])
    title: str
    purpose: str
    task: Task
    risk_tier: RiskTier
    risk_answers: dict[str, bool] = Field(
        default={}, examples=[{"listed": True, "rights": True, "automated": False, "people": True}]
    )
    lawful_basis: str = Field(default="", examples=["credit_protection"])
    affected_people: str = ""
    human_oversight: str = ""
    applications: list[str] = []
    currency: str = "BRL"


class UseCaseChange(BaseModel):
    """What may change; what is left out stays. `owner` is a person's id."""

    title: str | None = None
    purpose: str | None = None
    owner: str | None = None
    risk_tier: RiskTier | None = None
    risk_answers: dict[str, bool] | None = None
    lawful_basis: str | None = None
    affected_people: str | None = None
    human_oversight: str | None = None
    applications: list[str] | None = None


class UseCaseOut(BaseModel):
    """A use case as it stands; `owner` is a pseudonym."""

    slug: str
    title: str
    purpose: str
    task: Task
    risk_tier: RiskTier
    risk_answers: dict[str, bool]
    lawful_basis: str
    affected_people: str
    human_oversight: str
    applications: list[str]
    currency: str
    owner: str
    created_at: datetime


@router.post("/use-cases", status_code=status.HTTP_201_CREATED, summary="Define a use case")
def create(body: UseCaseIn, caller: Annotated[Actor, Depends(actor)]) -> UseCaseOut:
    """Define a use case; the caller owns it."""
    with unit_of_work(caller) as uow:
        return _out(
            commands.create_use_case(
                uow,
                slug=body.slug,
                title=body.title,
                purpose=body.purpose,
                task=body.task,
                risk_tier=body.risk_tier,
                risk_answers=body.risk_answers,
                lawful_basis=body.lawful_basis,
                affected_people=body.affected_people,
                human_oversight=body.human_oversight,
                applications=body.applications,
                currency=body.currency,
            )
        )


@router.get("/use-cases", summary="All use cases")
def list_all(caller: Annotated[Actor, Depends(actor)]) -> list[UseCaseOut]:
    """Answer every use case, by title."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(case) for case in queries.use_cases(view)]


@router.get("/use-cases/{slug}", summary="One use case")
def get_one(slug: str, caller: Annotated[Actor, Depends(actor)]) -> UseCaseOut:
    """Answer one use case; an unknown name answers 404 with the nearest one."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.use_case(view, slug))


@router.patch("/use-cases/{slug}", summary="Change what is said of a use case")
def change(slug: str, body: UseCaseChange, caller: Annotated[Actor, Depends(actor)]) -> UseCaseOut:
    """Change some fields; its name in addresses, task and currency stay."""
    with unit_of_work(caller) as uow:
        case = queries.use_case(uow.session, slug)
        commands.edit_use_case(
            uow,
            case.id,
            UseCaseEdit(
                title=body.title,
                purpose=body.purpose,
                owner_id=body.owner,
                risk_tier=body.risk_tier,
                risk_answers=body.risk_answers,
                lawful_basis=body.lawful_basis,
                affected_people=body.affected_people,
                human_oversight=body.human_oversight,
                applications=body.applications,
            ),
        )
        return _out(queries.use_case(uow.session, slug))


def _out(case: UseCase) -> UseCaseOut:
    return UseCaseOut(
        slug=case.slug,
        title=case.title,
        purpose=case.purpose,
        task=case.task,
        risk_tier=case.risk_tier,
        risk_answers=dict(case.risk_answers),
        lawful_basis=case.lawful_basis,
        affected_people=case.affected_people,
        human_oversight=case.human_oversight,
        applications=list(case.applications),
        currency=case.currency,
        owner=case.owner_id,
        created_at=case.created_at,
    )
