"""Who I am, who else there is, and access tokens, over REST."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.errors import NotFound
from core.i18n import N_
from core.platform.access import commands, queries
from core.platform.access.permissions import Permission, allowed, require
from core.platform.store import Actor

router = APIRouter(tags=["people"])


class Me(BaseModel):
    """Who the token acts as, and what it may do."""

    id: str
    kind: str
    name: str
    roles: list[str]
    permissions: list[str]


class PersonOut(BaseModel):
    """A person and their roles; the e-mail address is for those who manage people."""

    id: str
    name: str
    email: str | None
    roles: list[str]
    disabled: bool


class TokenOut(BaseModel):
    """An access token without its secret."""

    id: str
    kind: Literal["person", "service"]
    label: str
    roles: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@router.get("/me", summary="Who I am")
def me(caller: Annotated[Actor, Depends(actor)]) -> Me:
    """Answer whom the token acts as and what it may do."""
    with reading() as view:
        name = queries.names(view, [caller.id]).get(caller.id, caller.id)
    return Me(
        id=caller.id,
        kind=caller.kind,
        name=name,
        roles=sorted(caller.roles),
        permissions=[each.value for each in Permission if allowed(caller, each)],
    )


@router.get("/people", summary="Everybody")
def list_people(caller: Annotated[Actor, Depends(actor)]) -> list[PersonOut]:
    """Answer everybody, by name."""
    require(caller, Permission.VIEW)
    with reading() as view:
        people = queries.people(view)
    manages = allowed(caller, Permission.MANAGE_PEOPLE)
    return [
        PersonOut(
            id=each.id,
            name=each.name,
            email=each.email if manages or each.id == caller.id else None,
            roles=sorted(each.roles),
            disabled=each.disabled,
        )
        for each in people
    ]


@router.get("/tokens", summary="My access tokens")
def list_tokens(caller: Annotated[Actor, Depends(actor)]) -> list[TokenOut]:
    """Answer the caller's own tokens, newest first. Tokens are made in Settings, never by a token."""
    with reading() as view:
        tokens = queries.tokens(view, caller.id)
    return [
        TokenOut(
            id=each.id,
            kind=each.kind,
            label=each.label,
            roles=sorted(each.roles),
            created_at=each.created_at,
            expires_at=each.expires_at,
            last_used_at=each.last_used_at,
        )
        for each in tokens
    ]


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Revoke a token")
def revoke(token_id: str, caller: Annotated[Actor, Depends(actor)]) -> None:
    """End one of the caller's own tokens."""
    with unit_of_work(caller) as uow:
        if queries.token(uow.session, token_id).person_id != caller.id:
            raise NotFound("token.unknown", N_("There is no access token {id}."), id=token_id)
        commands.revoke_token(uow, token_id)
