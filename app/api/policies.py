"""Policies over REST: what is in force, every version's exact text, what a draft would do, and publishing."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.decisions.releases import commands, policies
from core.decisions.releases.book import Published, book, published
from core.decisions.releases.gates import GateVerdict
from core.decisions.releases.preview import foresee
from core.decisions.releases.queries import policies_of
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["policies"])
Caller = Annotated[Actor, Depends(actor)]


class PolicyIn(BaseModel):
    """A policy's TOML text."""

    text: str = Field(max_length=20_000)


class PolicyOut(BaseModel):
    """A published policy; `digest` is the SHA-256 of its text."""

    digest: str
    name: str
    version: str
    tier: str
    environment: str
    published_by: str
    published_at: datetime
    in_force: bool
    text: str = ""


class ForeseenOut(BaseModel):
    """One version: whether it passes under the policy in force, and under the draft; `blocks` names the draft's gates."""

    use_case: str
    version: int
    live: bool
    passes_now: bool | None
    passes_then: bool
    blocks: list[str]


class PreviewOut(BaseModel):
    """What a draft would do, over stored evidence; use cases beyond the first hundred are only counted."""

    tier: str
    environment: str
    digest: str
    models: list[ForeseenOut]
    left_out: int


@router.get("/policies", summary="Policies")
def list_all(caller: Caller, *, in_force: bool = True) -> list[PolicyOut]:
    """Answer the policies in force, or every version with `in_force=false`."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_out(found) for found in book(view) if found.in_force or not in_force]


@router.get("/policies/{digest}", summary="One policy")
def get_one(digest: str, caller: Caller) -> PolicyOut:
    """Answer a policy with its text."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _whole(published(view, digest))


@router.post("/policies", status_code=status.HTTP_201_CREATED, summary="Publish a policy")
def publish(body: PolicyIn, caller: Caller) -> PolicyOut:
    """Publish a version; from then on it never changes. A service token is refused."""
    with unit_of_work(caller) as uow:
        made = commands.publish_policy(uow, body.text)
        return _whole(published(uow.session, made.digest))


@router.post("/policies/preview", summary="What a draft would do")
def preview(body: PolicyIn, caller: Caller) -> PreviewOut:
    """Judge today's models under a draft; nothing is decided and nothing stored."""
    require(caller, Permission.VIEW)
    draft = policies.read(body.text)
    with reading() as view:
        terms = {(p.tier, p.environment): p for p in policies_of(view)}
        present = terms.get((draft.tier, draft.environment))
        found, left_out = foresee(view, store().files, draft, present, store().clock())
    return PreviewOut(
        tier=draft.tier,
        environment=draft.environment,
        digest=draft.digest,
        models=[
            ForeseenOut(
                use_case=one.use_case.slug,
                version=one.version.number,
                live=one.live,
                passes_now=one.passes_now if one.now else None,
                passes_then=one.passes_then,
                blocks=_blocking(one.then),
            )
            for one in found
        ],
        left_out=left_out,
    )


def _blocking(verdicts: tuple[GateVerdict, ...]) -> list[str]:
    return [v.kind.value for v in verdicts if v.blocks]


def _whole(found: Published) -> PolicyOut:
    answer = _out(found)
    answer.text = found.text
    return answer


def _out(found: Published) -> PolicyOut:
    return PolicyOut(
        digest=found.digest,
        name=found.name,
        version=found.version,
        tier=found.tier,
        environment=found.environment,
        published_by=found.published_by,
        published_at=found.published_at,
        in_force=found.in_force,
    )
