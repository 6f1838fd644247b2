"""The inbox over REST: what waits, what was told, handing on, putting off, and how one wants to be told."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.errors import NotFound
from core.i18n import N_
from core.overview.inbox import commands, queries
from core.overview.inbox.kinds import NoticeKind, Way
from core.overview.inbox.preferences import Preferences
from core.overview.inbox.queries import Entry, Notice
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["inbox"])
Caller = Annotated[Actor, Depends(actor)]


class HandoverOut(BaseModel):
    """Who handed an item to whom, and why."""

    to: str
    by: str
    note: str
    at: datetime
    escalated: bool


class ItemOut(BaseModel):
    """One thing that waits: its key, and the page that opens it."""

    key: str
    text: str
    urgency: str
    page: str
    query: dict[str, str]
    since: datetime
    due: datetime | None
    put_off_until: datetime | None
    handover: HandoverOut | None


class InboxOut(BaseModel):
    """What waits for the caller, for the team, for whom the caller handed it to, and what was put off."""

    mine: list[ItemOut]
    team: list[ItemOut]
    handed_on: list[ItemOut]
    put_off: list[ItemOut]
    unread: int


class NoticeOut(BaseModel):
    """One thing that the caller was told."""

    id: str
    kind: NoticeKind
    text: str
    said: str
    page: str
    query: dict[str, str]
    at: datetime
    read_at: datetime | None


class HandoverIn(BaseModel):
    """To whom, why, until when; escalated needs a reason."""

    to: str = Field(examples=["per_3f9c2a"])
    note: str = Field(default="", max_length=commands.NOTE_CHARACTERS)
    due_at: datetime | None = None
    escalated: bool = False


class SnoozeIn(BaseModel):
    """Until when an item stays out of one's own list."""

    until: datetime


class PreferencesIO(BaseModel):
    """A way for each kind; quiet hours and the summary in minutes after midnight of `zone`."""

    ways: dict[NoticeKind, Way] = {}
    quiet_from: int | None = None
    quiet_to: int | None = None
    zone: str = "UTC"
    summary_at: int = 480


@router.get("/inbox", summary="What waits")
def read_inbox(caller: Caller) -> InboxOut:
    """Answer what waits, each list with the most urgent first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.inbox(view, caller, store().clock())
        return InboxOut(
            mine=[_item(one) for one in found.mine],
            team=[_item(one) for one in found.team],
            handed_on=[_item(one) for one in found.handed_on],
            put_off=[_item(one) for one in found.put_off],
            unread=queries.unread(view, caller.id),
        )


@router.put("/inbox/{key}/handover", status_code=status.HTTP_204_NO_CONTENT, summary="Hand an item on")
def hand_over(key: str, body: HandoverIn, caller: Caller) -> None:
    """Hand an item to somebody, or escalate it with a reason; they are told."""
    with unit_of_work(caller) as uow:
        _exists(uow.session, key, caller)
        commands.hand_over(uow, key, to=body.to, note=body.note, due_at=body.due_at, escalated=body.escalated)


@router.put("/inbox/{key}/snooze", status_code=status.HTTP_204_NO_CONTENT, summary="Put an item off")
def put_off(key: str, body: SnoozeIn, caller: Caller) -> None:
    """Keep an item out of one's own list until a moment."""
    with unit_of_work(caller) as uow:
        _exists(uow.session, key, caller)
        commands.put_off(uow, key, body.until)


@router.delete("/inbox/{key}/snooze", status_code=status.HTTP_204_NO_CONTENT, summary="Take an item up again")
def take_up(key: str, caller: Caller) -> None:
    """Bring an item back that was put off."""
    with unit_of_work(caller) as uow:
        commands.take_up(uow, key)


@router.get("/notices", summary="What I was told")
def notices(
    caller: Caller,
    unread: Annotated[bool, Query()] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[NoticeOut]:
    """Answer what the caller was told, newest first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return [_notice(one) for one in queries.told(view, caller.id, only_unread=unread, limit=limit)]


@router.put("/notices/{notice_id}/read", status_code=status.HTTP_204_NO_CONTENT, summary="Note one as read")
def note_read(notice_id: str, caller: Caller) -> None:
    """Note a notice of the caller's as read; again is no harm."""
    with unit_of_work(caller) as uow:
        commands.note_read(uow, [notice_id])


@router.get("/notification-preferences", summary="How I am told")
def read_preferences(caller: Caller) -> PreferencesIO:
    """Answer how the caller wants to be told."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _preferences(queries.preferences(view, caller.id))


@router.put("/notification-preferences", summary="Choose how I am told")
def choose(body: PreferencesIO, caller: Caller) -> PreferencesIO:
    """Keep how the caller wants to be told; kinds that are left out are as usual."""
    wanted = Preferences(body.ways, body.quiet_from, body.quiet_to, body.zone, body.summary_at)
    with unit_of_work(caller) as uow:
        commands.choose(uow, wanted)
    return _preferences(wanted)


def _exists(session: Session, key: str, caller: Actor) -> None:
    if queries.inbox(session, caller, store().clock()).find(key) is None:
        raise NotFound("inbox.unknown", N_("Nothing waits under {key}."), key=key)


def _item(entry: Entry) -> ItemOut:
    item, handed = entry.item, entry.handover
    return ItemOut(
        key=item.key,
        text=item.text(),
        urgency=item.urgency.name.lower(),
        page=item.page,
        query=dict(item.query),
        since=item.since,
        due=item.due,
        put_off_until=entry.until,
        handover=None
        if handed is None
        else HandoverOut(
            to=handed.to_id, by=handed.by_id, note=handed.note, at=handed.at, escalated=handed.escalated
        ),
    )


def _notice(one: Notice) -> NoticeOut:
    return NoticeOut(
        id=one.id,
        kind=one.kind,
        text=one.words,
        said=one.said,
        page=one.page,
        query=dict(one.query),
        at=one.at,
        read_at=one.read_at,
    )


def _preferences(held: Preferences) -> PreferencesIO:
    return PreferencesIO(
        ways={kind: held.way(kind) for kind in NoticeKind},
        quiet_from=held.quiet_from,
        quiet_to=held.quiet_to,
        zone=held.zone,
        summary_at=held.summary_at,
    )
