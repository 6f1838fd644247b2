"""The decision log over REST: search reasons, comments and decisions across use cases."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from app.api.identity import actor
from app.wiring import reading
from core.overview.decision_log import queries
from core.overview.decision_log.kind import Kind
from core.overview.decision_log.queries import PER_PAGE, Asked, Decision
from core.platform.store import Actor

router = APIRouter(tags=["decisions"])
Caller = Annotated[Actor, Depends(actor)]


class DecisionOut(BaseModel):
    """A decision with its reasons; people are pseudonyms. `page` shows it, `audit` proves it."""

    index: int
    time: datetime
    kind: Kind
    action: str
    actor: str
    subject_kind: str
    subject_id: str
    use_case: str
    version: int | None
    about: str
    texts: list[str]
    page: str
    audit: str


class FoundOut(BaseModel):
    """Decisions, newest first; `older` is the next page's `before`, none at the end.

    `behind` counts entries of the log that are not searched yet: the newest, for a second or two.
    """

    decisions: list[DecisionOut]
    older: int | None
    behind: int


@router.get("/decisions", summary="Search decisions and their reasons")
def search(
    caller: Caller,
    q: Annotated[
        str, Query(max_length=400, description="All words, in any order; accents and plurals do not matter")
    ] = "",
    kind: Annotated[list[Kind] | None, Query()] = None,
    use_case: str = "",
    person: Annotated[str, Query(description="Who decided, by pseudonym")] = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    before: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PER_PAGE,
) -> FoundOut:
    """Answer the newest decisions that hold every word and match every filter."""
    asked = Asked(q, frozenset(kind or ()), use_case, person, since, until, before)
    with reading() as view:
        found = queries.search(view, caller, asked, limit)
    return FoundOut(decisions=[_out(one) for one in found.decisions], older=found.older, behind=found.behind)


def _out(one: Decision) -> DecisionOut:
    return DecisionOut(
        index=one.index,
        time=one.time,
        kind=one.kind,
        action=one.action,
        actor=one.actor_id,
        subject_kind=one.subject_kind,
        subject_id=one.subject_id,
        use_case=one.use_case,
        version=one.number,
        about=one.about,
        texts=[*one.texts],
        page=f"/{one.page}?{urlencode(one.query)}".rstrip("?") if one.page else "",
        audit=f"/api/v1/audit/events/{one.index}",
    )
