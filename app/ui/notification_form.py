"""The form of one's own notifications: a way for each kind, quiet hours, and when the day is summed up."""

from zoneinfo import available_timezones

import streamlit as st

from core.i18n import _
from core.overview.inbox.kinds import NOTICE_NAMES, WAY_NAMES, NoticeKind, Way
from core.overview.inbox.preferences import DAY_MINUTES, Preferences


def notification_form(held: Preferences) -> Preferences | None:
    """Draw the form with what holds; return what was chosen when it was sent."""
    with st.form("notifications", border=False):
        ways = {kind: _way(kind, held.way(kind)) for kind in NOTICE_NAMES}
        st.caption(
            _(
                "An e-mail names no person, no model and no figure, unless the house allows it (AVAL_MAIL_DETAILS)."
            )
        )
        quiet = st.toggle(_("Quiet hours: e-mails wait until they are over"), held.quiet_from is not None)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            begin = _moment(_("Quiet from"), held.quiet_from, 20 * 60)
            end = _moment(_("Quiet until"), held.quiet_to, 7 * 60)
            summary = _moment(_("Daily summary at"), held.summary_at, 8 * 60)
            zones = sorted(available_timezones() | {held.zone})
            zone = st.selectbox(_("Time zone"), zones, index=zones.index(held.zone), width=260)
        if not st.form_submit_button(_("Keep"), type="primary"):
            return None
    return Preferences(
        ways,
        begin if quiet else None,
        end if quiet else None,
        zone,
        summary,
    )


def _way(kind: NoticeKind, held: Way) -> Way:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(_(NOTICE_NAMES[kind]), width=420)
        ways = list(WAY_NAMES)
        return st.selectbox(
            _(NOTICE_NAMES[kind]),
            ways,
            index=ways.index(held),
            format_func=lambda way: _(WAY_NAMES[way]),
            label_visibility="collapsed",
            key=f"way_{kind.value}",
            width=260,
        )


def _moment(label: str, held: int | None, usual: int) -> int:
    """Choose a half hour of the day, or what is held already; in minutes after midnight."""
    at = usual if held is None else held
    minutes = sorted({*range(0, DAY_MINUTES, 30), at})
    chosen: int = st.selectbox(
        label, minutes, index=minutes.index(at), format_func=lambda m: f"{m // 60:02}:{m % 60:02}", width=150
    )
    return chosen
