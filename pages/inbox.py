"""Inbox: what waits for me by due date, what I was told, and what the team has open."""

from typing import assert_never

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.inbox_rows import Wish, inbox_rows, notice_rows
from app.ui.paging import page_of
from app.ui.refused import refusals
from app.wiring import reading, store, unit_of_work
from core.i18n import _, ngettext, number
from core.overview.inbox import commands, queries
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

PER_PAGE, NEWS = 20, 50
me = current().actor


def carry_out(wish: Wish) -> None:
    """Do with an item what the reader asked for."""
    with unit_of_work(me) as uow:
        match wish.kind:
            case "hand_over" | "escalate":
                commands.hand_over(
                    uow, wish.key, to=wish.to, note=wish.note, escalated=wish.kind == "escalate"
                )
            case "put_off":
                commands.put_off(uow, wish.key, wish.until or uow.now)
            case "take_up":
                commands.take_up(uow, wish.key)
            case _:
                assert_never(wish.kind)


@st.fragment(run_every=10)
def waiting() -> None:
    """Everything in tabs; drawn anew every few seconds, so that what others do appears by itself."""
    now = store().clock()
    with reading() as view:
        found = queries.inbox(view, me, now)
        told = queries.told(view, me.id, limit=NEWS)
        unread = queries.unread(view, me.id)
        people = {p.id: p.name for p in access.people(view) if not p.disabled}
        gone = {e.handover.by_id for e in (*found.mine, *found.team, *found.handed_on) if e.handover}
        names = people | access.names(view, gone - set(people))
    piles = (
        ("mine", _("For me"), found.mine),
        ("team", _("The team's"), found.team),
        ("handed_on", _("Handed on"), found.handed_on),
        ("put_off", _("Put off"), found.put_off),
    )
    st.markdown(
        ngettext("{n} thing waits for you.", "{n} things wait for you.", len(found.mine))
        + " "
        + ngettext("{n} is unread.", "{n} are unread.", unread)
    )
    told_name = _("Told to me")  # tabs without figures: another name would be another tab, and close this one
    mine, news, *others = st.tabs([piles[0][1], told_name, *(name for _pile, name, _entries in piles[1:])])
    for tab, (pile, name, entries) in zip((mine, *others), piles, strict=True):
        with tab, card(name, f":gray[{number(len(entries), 0)}]"), refusals():
            if not entries:
                empty(_("Nothing here"), icon="inbox")
                continue
            shown = page_of(entries, PER_PAGE, key=f"inbox_{pile}")
            wish = inbox_rows(shown, names, me.id, now, may_hand=allowed(me, Permission.COMMENT), pile=pile)
            if wish is not None:
                carry_out(wish)
                st.rerun()
    with news, card(told_name, f":gray[{number(unread, 0)}]"), refusals():
        read = notice_rows(told)
        if unread and st.button(_("Note all as read"), icon=":material/done_all:"):
            read = "all"
        if not told:
            empty(_("Nothing was told to you yet"), icon="notifications")
        if read:
            with unit_of_work(me) as uow:
                commands.note_read(uow, None if read == "all" else [read])
            st.rerun()


with page_header(_("Inbox")):
    st.page_link(
        "../pages/settings.py", label=_("What I am told and when"), icon=":material/notifications:",
        query_params={"tab": "notifications"},
    )  # fmt: skip
waiting()
