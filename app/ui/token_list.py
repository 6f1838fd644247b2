"""Access tokens: what there is, a form for a new one, and its text, shown once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import streamlit as st

from app.ui.badges import badge
from app.ui.people_list import role_name
from app.ui.text import md
from core.i18n import _, ago, day, ngettext
from core.platform.access.queries import Token

LIFETIMES = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A filled form; `days` from now until it expires."""

    label: str
    kind: Literal["person", "service"]
    roles: tuple[str, ...]
    days: int


def token_list(tokens: Sequence[Token], now: datetime) -> str | None:
    """Draw the tokens; return the id of the one to revoke, if any."""
    revoke: str | None = None
    for token in tokens:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            kind = _("Service") if token.kind == "service" else _("Personal")
            used = (
                _("last used {when}", when=ago(token.last_used_at - now))
                if token.last_used_at
                else _("never used")
            )
            over = token.expires_at <= now
            until = (
                _("expired {day}", day=day(token.expires_at))
                if over
                else _("until {day}", day=day(token.expires_at))
            )
            st.markdown(f"**{md(token.label)}**  \n:gray[:small[{md(until)} · {md(used)}]]", width=260)
            roles = " ".join(badge(role_name(role)) for role in sorted(token.roles))
            st.markdown(f"{badge(kind)} {roles}", width="stretch")
            if st.button(_("Revoke"), key=f"revoke_{token.id}", icon=":material/block:"):
                revoke = token.id
    return revoke


def token_form(
    own_roles: Collection[str], every_role: Sequence[str], *, may_make_services: bool
) -> NewToken | None:
    """Draw the form for a new token; return it when it was sent."""
    kind: Literal["person", "service"] = "person"
    if may_make_services:
        kind = st.radio(
            _("Acts as"),
            ("person", "service"),
            format_func={
                "person": _("Me: within my own roles"),
                "service": _("A service: may request, never decide"),
            }.__getitem__,
            key="token_kind",
        )
    choices = sorted(own_roles) if kind == "person" else list(every_role)
    with st.form("new_token", border=False):
        label = st.text_input(_("What is it for?"), max_chars=80, placeholder=_("Nightly upload from CI"))
        roles = st.pills(
            _("Roles"),
            choices,
            selection_mode="multi",
            default=choices if kind == "person" else [],
            format_func=role_name,
        )
        days = st.selectbox(
            _("Lifetime"), LIFETIMES, index=1, format_func=lambda n: ngettext("{n} day", "{n} days", n)
        )
        if st.form_submit_button(_("Create the token"), type="primary"):
            return NewToken(label, kind, tuple(roles), days)
    return None


def shown_once(secret: str, *, title: str, hint: str) -> None:
    """Show a secret for the one time that it can be shown."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/key: **{title}**")
        st.code(secret, language=None, wrap_lines=True)
        st.caption(hint)


def expiry(now: datetime, days: int) -> datetime:
    """Return the moment at which a token of `days` ends."""
    return now + timedelta(days=days)
