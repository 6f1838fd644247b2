"""Further parts of a version over REST: attached to an upload, fixed with its version."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app import wiring
from app.api.drafts import BODY, FileName, Sender, turns
from app.api.identity import actor
from app.api.streaming import receive
from app.submission import own_draft
from core.assets.registry import commands, queries
from core.assets.registry.bundle import Bundle, Part, PartKind
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor, StoredFile

router = APIRouter(tags=["uploads"])

Kind = Annotated[PartKind, Query(description="What the part is for; an image is named by its reference")]


class PartOut(BaseModel):
    """A part: SHA-256 of the file, or the digest that an image's reference names; bytes, 0 for an image."""

    id: str
    kind: PartKind
    name: str
    digest: str
    size: int
    added_at: datetime


class BundleOut(BaseModel):
    """All parts beside the model itself; `digest` covers them all and is empty where there is none."""

    digest: str
    parts: list[PartOut]


class ImageIn(BaseModel):
    """A container image, pinned."""

    reference: str = Field(
        examples=[
            "registry.example/scorer@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        ]
    )


@router.put("/drafts/{draft_id}/parts", summary="Attach a further file", openapi_extra=BODY)
async def put_part(draft_id: str, kind: Kind, name: FileName, request: Request, caller: Sender) -> PartOut:
    """Stream a file that belongs to the model; it is kept and hashed, never opened. The same name replaces it."""
    await run_in_threadpool(_own, caller, draft_id)
    store = wiring.store()
    with turns().turn(caller.id, "part"):
        stored = await receive(request, store.files, store.settings.upload_limit)
    return _part(await run_in_threadpool(_attach, caller, draft_id, kind, name, stored))


@router.post("/drafts/{draft_id}/images", status_code=status.HTTP_201_CREATED, summary="Attach an image")
def post_image(draft_id: str, body: ImageIn, caller: Annotated[Actor, Depends(actor)]) -> PartOut:
    """Attach a container image by its pinned reference."""
    with wiring.unit_of_work(caller) as uow:
        own_draft(uow.session, draft_id, caller)
        return _part(commands.attach_image(uow, draft_id, body.reference))


@router.get("/drafts/{draft_id}/parts", summary="What is attached")
def get_parts(draft_id: str, caller: Annotated[Actor, Depends(actor)]) -> BundleOut:
    """Answer what is attached to one's own upload."""
    with wiring.reading() as view:
        own_draft(view, draft_id, caller)
        return _bundle(queries.bundle_of_upload(view, draft_id))


@router.delete(
    "/drafts/{draft_id}/parts/{part_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Take a part off"
)
def delete_part(draft_id: str, part_id: str, caller: Annotated[Actor, Depends(actor)]) -> None:
    """Take a part off an upload that has not been submitted."""
    with wiring.unit_of_work(caller) as uow:
        own_draft(uow.session, draft_id, caller)
        commands.detach(uow, draft_id, part_id)


@router.get("/use-cases/{slug}/versions/{number}/parts", summary="Parts of a version")
def version_parts(slug: str, number: int, caller: Annotated[Actor, Depends(actor)]) -> BundleOut:
    """Answer the parts that were fixed with a version."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        return _bundle(queries.bundle(view, queries.version_by_number(view, slug, number).id))


def _own(caller: Actor, draft_id: str) -> None:
    """Refuse before a byte is read; in a unit of work, so that the refusal is in the log."""
    with wiring.unit_of_work(caller) as uow:
        require(caller, Permission.UPLOAD_MODEL)
        own_draft(uow.session, draft_id, caller)


def _attach(caller: Actor, draft_id: str, kind: PartKind, name: str, stored: StoredFile) -> Part:
    with wiring.unit_of_work(caller) as uow:
        own_draft(uow.session, draft_id, caller)
        return commands.attach_file(uow, draft_id, kind, name, stored)


def _bundle(found: Bundle) -> BundleOut:
    return BundleOut(digest=found.digest, parts=[_part(part) for part in found.parts])


def _part(part: Part) -> PartOut:
    return PartOut(
        id=part.id,
        kind=part.kind,
        name=part.name,
        digest=part.digest,
        size=part.size,
        added_at=part.added_at,
    )
