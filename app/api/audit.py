"""The audit log over REST: its entries, and the root that commits to all of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, JsonValue

from app.api.identity import actor
from app.wiring import reading
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.audit import queries
from core.platform.audit.proof import proof_of
from core.platform.audit.queries import RecordedEvent
from core.platform.store import Actor, Json

router = APIRouter(prefix="/audit", tags=["audit"])


class EventOut(BaseModel):
    """One entry; `body` is the canonical text that `leaf` (SHA-256, RFC 9162) is computed from."""

    index: int
    time: datetime
    action: str
    actor: str
    actor_kind: str
    via: str
    subject_kind: str
    subject_id: str
    data: dict[str, JsonValue]
    body: str
    leaf: str


class ProofOut(BaseModel):
    """That an entry is in the log: its path (RFC 9162, hexadecimal) to the root that the signed `checkpoint` names."""

    size: int
    path: list[str]
    checkpoint: str
    key: str


class ProvenOut(EventOut):
    """One entry with its proof; without one while no checkpoint covers it yet."""

    proof: ProofOut | None


class RootOut(BaseModel):
    """The size of the log and its Merkle root, hexadecimal, as last committed."""

    size: int
    root: str


@router.get("/events", summary="Entries, newest first")
def list_events(
    caller: Annotated[Actor, Depends(actor)],
    action: str | None = None,
    actor_id: Annotated[str | None, Query(alias="actor")] = None,
    subject: str | None = None,
    before: Annotated[
        int | None, Query(ge=0, description="Only entries with a smaller index, for paging")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[EventOut]:
    """Answer the newest entries that match every filter."""
    require(caller, Permission.VERIFY_AUDIT)
    with reading() as view:
        found = queries.events(
            view, action=action, actor=actor_id, subject_id=subject, before=before, limit=limit
        )
    return [EventOut.model_validate(_entry(each)) for each in found]


@router.get("/events/{index}", summary="One entry with its proof")
def get_event(index: Annotated[int, Path(ge=0)], caller: Annotated[Actor, Depends(actor)]) -> ProvenOut:
    """Answer the entry that a document, a letter or a dossier names by its index."""
    require(caller, Permission.VERIFY_AUDIT)
    with reading() as view:
        found = queries.event(view, index)
        proof = proof_of(view, index)
    if found is None:
        raise NotFound("audit.no_entry", N_("The log has no entry {index}."), index=index)
    return ProvenOut.model_validate(_entry(found) | {"proof": proof and proof.to_json()})


@router.get("/root", summary="Size and root of the log")
def root(caller: Annotated[Actor, Depends(actor)]) -> RootOut:
    """Answer what a copy of the log must hash to."""
    require(caller, Permission.VERIFY_AUDIT)
    with reading() as view:
        size, digest = queries.head(view)
    return RootOut(size=size, root=digest)


def _entry(found: RecordedEvent) -> dict[str, object]:
    return {
        "index": found.index,
        "time": found.time,
        "action": found.action,
        "actor": found.actor_id,
        "actor_kind": found.actor_kind,
        "via": found.via,
        "subject_kind": found.subject_kind,
        "subject_id": found.subject_id,
        "data": _plain(found.data),
        "body": found.body,
        "leaf": found.leaf,
    }


def _plain(data: Mapping[str, Json]) -> dict[str, JsonValue]:
    return {key: value for key, value in data.items()}  # type: ignore[misc]  # parsed from JSON, so it is JSON  # noqa: C416
