"""Conversations over REST: read what was said about a subject, say something, edit it, settle it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.assurance.reviews import queries as reviews
from core.decisions.incidents import queries as incidents
from core.decisions.releases import queries as releases
from core.decisions.retraining import queries as retraining
from core.errors import Invalid
from core.evidence.alerts import queries as alerts
from core.evidence.kpis import queries as kpis
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.discussion import commands, queries
from core.platform.discussion.commands import MOST_CHARACTERS
from core.platform.discussion.mention import Reaction, mentioned
from core.platform.discussion.queries import Comment, Earlier
from core.platform.store import Actor

router = APIRouter(tags=["conversations"])
Caller = Annotated[Actor, Depends(actor)]

SUBJECTS: Mapping[str, Callable[[Session, str], object]] = {
    "release": releases.release,
    "version": registry.version,
    "use_case": registry.use_case_by_id,
    "retraining": retraining.retraining,
    "alert": alerts.alert,
    "incident": incidents.incident,
    "kpi": kpis.kpi,
    "review": reviews.review,
}
"""What may be talked about, and how its existence is asked."""


class CommentIn(BaseModel):
    """What is said about a subject."""

    subject_kind: str = Field(examples=["release"])
    subject_id: str = Field(max_length=80, examples=["rel_3f9c2a"])
    text: str = Field(
        max_length=MOST_CHARACTERS,
        description="`@[per_…]` names a person, who is told.",
        examples=["As agreed."],
    )
    parent_id: str = Field(default="", max_length=80, description="The comment that this one answers.")
    anchor: str = Field(default="", max_length=130, examples=["feature:income", "time:2026-05-01"])


class TextIn(BaseModel):
    """The new text of a comment."""

    text: str = Field(max_length=MOST_CHARACTERS)


class ResolvedIn(BaseModel):
    """Whether what a comment asked for is settled."""

    resolved: bool


class EarlierOut(BaseModel):
    """What a comment said until a moment."""

    text: str
    until: datetime


class CommentOut(BaseModel):
    """A comment; people are pseudonyms, the text is plain."""

    id: str
    subject_kind: str
    subject_id: str
    author: str
    text: str
    written_at: datetime
    edited_at: datetime | None
    resolved_by: str
    resolved_at: datetime | None
    parent_id: str
    anchor: str
    mentions: list[str]
    reactions: dict[str, list[str]]
    earlier: list[EarlierOut] = []


@router.get("/comments", summary="A conversation")
def list_all(
    caller: Caller, subject_kind: Annotated[str, Query()], subject_id: Annotated[str, Query()]
) -> list[CommentOut]:
    """Answer what was said about a subject, oldest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        _exists(view, subject_kind, subject_id, caller)
        return [_out(found) for found in queries.comments(view, subject_kind, subject_id)]


@router.post("/comments", status_code=status.HTTP_201_CREATED, summary="Say something")
def create(body: CommentIn, caller: Caller) -> CommentOut:
    """Comment on a release, a version or a use case."""
    with unit_of_work(caller) as uow:
        _exists(uow.session, body.subject_kind, body.subject_id, caller)
        comment_id = commands.comment(
            uow,
            subject_kind=body.subject_kind,
            subject_id=body.subject_id,
            text=body.text,
            parent_id=body.parent_id,
            anchor=body.anchor,
        )
        return _out(queries.comment(uow.session, comment_id))


@router.get("/comments/{comment_id}", summary="One comment")
def get_one(comment_id: str, caller: Caller) -> CommentOut:
    """Answer a comment with what it said before."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.comment(view, comment_id), queries.history(view, comment_id))


@router.put("/comments/{comment_id}", summary="Edit a comment")
def edit(comment_id: str, body: TextIn, caller: Caller) -> CommentOut:
    """Say it otherwise; what stood there before stays readable."""
    with unit_of_work(caller) as uow:
        commands.edit(uow, comment_id, text=body.text)
        return _out(queries.comment(uow.session, comment_id), queries.history(uow.session, comment_id))


@router.put("/comments/{comment_id}/resolved", summary="Settle a comment")
def settle(comment_id: str, body: ResolvedIn, caller: Caller) -> CommentOut:
    """Mark a comment as settled, or as open again."""
    with unit_of_work(caller) as uow:
        (commands.resolve if body.resolved else commands.reopen)(uow, comment_id)
        return _out(queries.comment(uow.session, comment_id))


@router.put("/comments/{comment_id}/reactions/{reaction}", summary="React to a comment")
def react(comment_id: str, reaction: Reaction, caller: Caller) -> CommentOut:
    """Give a reaction; again is no harm."""
    return _reacted(comment_id, reaction, caller, given=True)


@router.delete("/comments/{comment_id}/reactions/{reaction}", summary="Take a reaction back")
def take_back(comment_id: str, reaction: Reaction, caller: Caller) -> CommentOut:
    """Take a reaction back; without one, nothing changes."""
    return _reacted(comment_id, reaction, caller, given=False)


def _reacted(comment_id: str, reaction: Reaction, caller: Actor, *, given: bool) -> CommentOut:
    with unit_of_work(caller) as uow:
        commands.react(uow, comment_id, reaction, given=given)
        return _out(queries.comment(uow.session, comment_id))


def _exists(view: Session, kind: str, subject_id: str, caller: Actor) -> None:
    ask = SUBJECTS.get(kind)
    if ask is None:
        raise Invalid(
            "comment.kind",
            N_("{kind} is nothing that is talked about."),
            fix=N_("Allowed: {known}."),
            field="subject_kind",
            kind=kind,
            known=", ".join(SUBJECTS),
        )
    if kind == "review":
        require(caller, Permission.DECIDE_REVIEW)
    ask(view, subject_id)


def _out(found: Comment, earlier: tuple[Earlier, ...] = ()) -> CommentOut:
    return CommentOut(
        id=found.id,
        subject_kind=found.subject_kind,
        subject_id=found.subject_id,
        author=found.author_id,
        text=found.text,
        written_at=found.written_at,
        edited_at=found.edited_at,
        resolved_by=found.resolved_by,
        resolved_at=found.resolved_at,
        parent_id=found.parent_id,
        anchor=found.anchor,
        mentions=list(mentioned(found.text)),
        reactions={reaction.value: list(who) for reaction, who in found.reactions.items()},
        earlier=[EarlierOut(text=e.text, until=e.until) for e in earlier],
    )
