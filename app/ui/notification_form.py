"""The form of one's own notifications: a way for each kind, quiet hours, and when the day is summed up."""

from datetime import time
from zoneinfo import available_timezones

import streamlit as st

from core.i18n import _
from core.overview.inbox.kinds import NOTICE_NAMES, WAY_NAMES, NoticeKind, Way
from core.overview.inbox.preferences import Preferences


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
            begin = st.time_input(_("Quiet from"), _clock(held.quiet_from, 20 * 60), width=140)
            end = st.time_input(_("Quiet until"), _clock(held.quiet_to, 7 * 60), width=140)
            summary = st.time_input(_("Daily summary at"), _clock(held.summary_at, 8 * 60), width=160)
            zones = sorted(available_timezones() | {held.zone})
            zone = st.selectbox(_("Time zone"), zones, index=zones.index(held.zone), width=260)
        if not st.form_submit_button(_("Keep"), type="primary"):
            return None
    return Preferences(
        ways,
        _minute(begin) if quiet else None,
        _minute(end) if quiet else None,
        zone,
        _minute(summary),
    )


def _way(kind: NoticeKind, held: Way) -> Way:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(_(NOTICE_NAMES[kind]), width=420)
        chosen = st.segmented_control(
            _(NOTICE_NAMES[kind]),
            list(WAY_NAMES),
            default=held,
            format_func=lambda way: _(WAY_NAMES[way]),
            label_visibility="collapsed",
            key=f"way_{kind.value}",
            required=True,
        )
    return chosen or held


def _clock(minute: int | None, usual: int) -> time:
    at = usual if minute is None else minute
    return time(at // 60, at % 60)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
