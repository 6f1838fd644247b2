"""The inbox's parts: a line per thing that waits with what may be done with it, and what the reader was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

import streamlit as st

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.text import md
from core.i18n import _, ago, day, moment
from core.overview.attention import Urgency
from core.overview.inbox.commands import LONGEST_SNOOZE, NOTE_CHARACTERS
from core.overview.inbox.kinds import NoticeKind
from core.overview.inbox.queries import Entry, Notice

WIDE = 620
_TONES: Mapping[Urgency, tuple[badges.Tone, str]] = {
    Urgency.MINE: (badges.Tone.INFO, "person"),
    Urgency.FAILING: (badges.Tone.BLOCK, "error"),
    Urgency.REFUSED: (badges.Tone.WARN, "block"),
    Urgency.ALERT: (badges.Tone.WARN, "notifications"),
    Urgency.WARNING: (badges.Tone.PLAIN, "info"),
}
NOTICE_ICONS: Mapping[NoticeKind, str] = {
    NoticeKind.MENTION: "alternate_email",
    NoticeKind.HANDED: "person_edit",
    NoticeKind.SIGN: "draw",
    NoticeKind.TALK: "chat",
    NoticeKind.ALERT: "notifications",
    NoticeKind.KPI: "target",
    NoticeKind.FINDING: "report",
    NoticeKind.INCIDENT: "emergency_home",
    NoticeKind.RETRAINING: "model_training",
    NoticeKind.REVIEW: "support_agent",
    NoticeKind.RELEASE: "approval",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants done with an item."""

    kind: Literal["hand_over", "escalate", "put_off", "take_up"]
    key: str
    to: str = ""
    note: str = ""
    until: datetime | None = None


def inbox_rows(
    entries: Sequence[Entry], people: Mapping[str, str], me: str, now: datetime, *, may_hand: bool, pile: str
) -> Wish | None:
    """Draw a line per item; return what the reader wants done, if anything. `people` are names by id."""
    wish: Wish | None = None
    for number, entry in enumerate(entries):
        item = entry.item
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch"):
                list_row(
                    f"../pages/{item.page}.py",
                    md(item.text()),
                    icon=item.icon,
                    query=item.query,
                    detail=_detail(entry, people),
                    marks=_marks(entry, now),
                    width=WIDE,
                )
            if item.key:
                asked = _menu(entry, people, me, now, may_hand=may_hand, key=f"{pile}_{number}_{item.key}")
                wish = asked or wish
    return wish


def notice_rows(notices: Sequence[Notice]) -> str:
    """Draw what the reader was told, the unread in front; return the id of one that is to be noted as read."""
    chosen = ""
    for notice in notices:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch"):
                list_row(
                    f"../pages/{notice.page}.py",
                    md(notice.words) if notice.read_at is None else f":gray[{md(notice.words)}]",
                    icon=NOTICE_ICONS[notice.kind],
                    query=notice.query,
                    detail=md(f"“{notice.said}”") if notice.said else "",
                    marks=f":gray[:small[{md(moment(notice.at))}]]",
                    width=WIDE,
                )
            if notice.read_at is None and st.button(
                "", icon=":material/done:", key=f"read_{notice.id}", help=_("Note as read"), type="tertiary"
            ):
                chosen = notice.id
    return chosen


def _detail(entry: Entry, people: Mapping[str, str]) -> str:
    parts = [md(entry.item.detail)] if entry.item.detail else []
    handed = entry.handover
    if handed is not None:
        giver, taker = people.get(handed.by_id, handed.by_id), people.get(handed.to_id, handed.to_id)
        said = (
            _("{who} escalated this to {whom}", who=giver, whom=taker)
            if handed.escalated
            else _("{who} handed this to {whom}", who=giver, whom=taker)
        )
        parts.append(md(said) + (f": “{md(handed.note)}”" if handed.note else ""))
    if entry.until is not None:
        parts.append(md(_("put off until {day}", day=day(entry.until))))
    return " · ".join(parts)


def _marks(entry: Entry, now: datetime) -> str:
    item = entry.item
    marks = []
    if entry.handover is not None and entry.handover.escalated:
        marks.append(badges.badge(_("Escalated"), badges.Tone.BLOCK, "arrow_upward"))
    if item.due is not None:
        late = item.due < now
        marks.append(
            badges.badge(
                _("Due {day}", day=day(item.due)), badges.Tone.BLOCK if late else badges.Tone.WAIT, "event"
            )
        )
    if item.urgency is not Urgency.MINE:
        tone, icon = _TONES[item.urgency]
        marks.append(badges.badge(ago(item.since - now), tone, icon))
    else:
        marks.append(f":gray[:small[{md(ago(item.since - now))}]]")
    return badges.row(*marks)


def _menu(
    entry: Entry, people: Mapping[str, str], me: str, now: datetime, *, may_hand: bool, key: str
) -> Wish | None:
    item_key = entry.item.key
    with st.popover("", icon=":material/more_horiz:", type="tertiary", help=_("More"), key=f"item_{key}"):
        if entry.until is not None:
            if st.button(_("Take up again"), key=f"wake_{key}", icon=":material/alarm:"):
                return Wish("take_up", item_key)
            return None
        if may_hand:
            to = st.selectbox(
                _("To whom?"),
                list(people),
                index=None,
                format_func=lambda one: people[one] + (f" ({_('me')})" if one == me else ""),
                key=f"to_{key}",
            )
            note = st.text_area(_("Why?"), max_chars=NOTE_CHARACTERS, height=80, key=f"note_{key}")
            with st.container(horizontal=True):
                if st.button(
                    _("Hand over"), key=f"hand_{key}", icon=":material/person_edit:", disabled=to is None
                ):
                    return Wish("hand_over", item_key, to=to or "", note=note)
                if st.button(
                    _("Escalate"), key=f"up_{key}", icon=":material/arrow_upward:", disabled=to is None
                ):
                    return Wish("escalate", item_key, to=to or "", note=note)
        until = st.date_input(
            _("Put off until"),
            (now + timedelta(days=1)).date(),
            min_value=(now + timedelta(days=1)).date(),
            max_value=(now + LONGEST_SNOOZE).date(),
            key=f"until_{key}",
        )
        if st.button(_("Put off"), key=f"off_{key}", icon=":material/snooze:"):
            return Wish("put_off", item_key, until=datetime.combine(until, time(6), tzinfo=now.tzinfo))
    return None
