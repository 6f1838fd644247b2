"""Links for people without an account over REST: make one, list those that stand, take one back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.platform.access import shares
from core.platform.access.permissions import Permission, require
from core.platform.access.shares import Share
from core.platform.store import Actor

router = APIRouter(tags=["kpis"])
Caller = Annotated[Actor, Depends(actor)]


class ShareIn(BaseModel):
    """A new link; without `use_case` it shows every use case."""

    use_case: str = ""
    label: str = Field(max_length=200, examples=["Board meeting"])
    language: str = "en"
    days: int = Field(default=30, examples=[30])


class ShareOut(BaseModel):
    """A link that stands; `use_case` is empty where it shows all."""

    id: str
    use_case: str
    label: str
    language: str
    created_at: datetime
    expires_at: datetime
    opened: int
    opened_at: datetime | None


class ShareMade(BaseModel):
    """A new link, for the one time that its secret is shown."""

    id: str
    path: str = Field(examples=["/shared/…"])


@router.post("/shares", status_code=status.HTTP_201_CREATED, summary="Share KPIs by a link")
def create(body: ShareIn, caller: Caller) -> ShareMade:
    """Make a link that shows the digest of a use case, or of all, to whoever holds it."""
    with unit_of_work(caller) as uow:
        scope = registry.use_case(uow.session, body.use_case).id if body.use_case else ""
        share_id, secret = shares.share(
            uow, scope=scope, label=body.label, language=body.language, days=body.days
        )
    return ShareMade(id=share_id, path=f"/shared/{secret}")


@router.get("/shares", summary="Links that stand")
def list_all(caller: Caller) -> list[ShareOut]:
    """Answer the links that stand, the newest first."""
    require(caller, Permission.SHARE)
    with reading() as view:
        slugs = {case.id: case.slug for case in registry.use_cases(view)}
        return [_out(one, slugs.get(one.scope, "")) for one in shares.shares(view, store().clock())]


@router.delete("/shares/{share_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Take a link back")
def revoke(share_id: str, caller: Caller) -> None:
    """Take a link back: it shows nothing from now on."""
    with unit_of_work(caller) as uow:
        shares.revoke_share(uow, share_id)


def _out(one: Share, slug: str) -> ShareOut:
    return ShareOut(
        id=one.id,
        use_case=slug,
        label=one.label,
        language=one.language,
        created_at=one.created_at,
        expires_at=one.expires_at,
        opened=one.opened,
        opened_at=one.opened_at,
    )
