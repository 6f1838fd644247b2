"""Links for people without an account: those that stand, and a form for another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app.ui.text import md
from core.i18n import LANGUAGES, _, ago, day, language, ngettext
from core.platform.access.shares import Share

ALL = ""
LIFETIMES = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class NewShare:
    """A filled form; an empty scope is every use case."""

    scope: str
    label: str
    language: str
    days: int


def share_list(shares: Sequence[Share], titles: Mapping[str, str], now: datetime) -> str | None:
    """Draw a line per link; return the id of the one to take back, if any. `titles` is by use case id."""
    gone: str | None = None
    for one in shares:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            scope = titles.get(one.scope, "–") if one.scope else _("All use cases")
            seen = _seen(one, now)
            said = f"{scope} · {_('until {day}', day=day(one.expires_at))} · {seen}"
            st.markdown(f"**{md(one.label)}**  \n:gray[:small[{md(said)}]]", width="stretch")
            if st.button(_("Take back"), key=f"take_back_{one.id}", icon=":material/link_off:"):
                gone = one.id
    return gone


def _seen(one: Share, now: datetime) -> str:
    if one.opened_at is None:
        return _("never opened")
    when = ago(one.opened_at - now)
    return ngettext("opened {n} time, last {when}", "opened {n} times, last {when}", one.opened, when=when)


def share_form(titles: Mapping[str, str], scope: str) -> NewShare | None:
    """Draw the form for another link; return it when it was sent."""
    with st.form("new_share", border=False):
        label = st.text_input(
            _("Whom is it for?"), max_chars=80, placeholder=_("Board meeting, treasury"), key="share_label"
        )
        options = [ALL, *titles]
        asked = st.selectbox(
            _("What does it show?"), options, index=options.index(scope) if scope in options else 0,
            format_func=lambda one: titles.get(one) or _("All use cases"), key="share_scope",
        )  # fmt: skip
        with st.container(horizontal=True):
            days = st.selectbox(
                _("Lifetime"), LIFETIMES, index=1, format_func=lambda n: ngettext("{n} day", "{n} days", n),
                key="share_days",
            )  # fmt: skip
            spoken = st.selectbox(
                _("Language"), list(LANGUAGES), index=list(LANGUAGES).index(language()),
                format_func=LANGUAGES.__getitem__, key="share_language",
            )  # fmt: skip
        st.caption(
            _("Whoever holds the link reads KPIs, promises and what happened in the week; nothing else.")
        )
        if st.form_submit_button(_("Make the link"), type="primary", icon=":material/add_link:"):
            return NewShare(asked, label, spoken, days)
    return None
