"""Webhooks in Settings: who is told of what, a form for another, and what may be done with each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import code, md
from core.i18n import _, language, ngettext
from core.platform.notices.delivery import STATE_NAMES, DeliveryState
from core.platform.notices.kinds import FAMILIES
from core.platform.notices.queries import Endpoint
from core.platform.notices.shapes import SHAPE_NAMES, Shape

Counts = Mapping[str, Mapping[DeliveryState, int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What an administrator asked for with one endpoint."""

    kind: Literal["test", "pause", "resume", "secret", "remove"]
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A filled form."""

    label: str
    url: str
    kinds: tuple[str, ...]
    shape: Shape
    language: str


def webhook_list(endpoints: Sequence[Endpoint], counts: Counts) -> Wish | None:
    """Draw a row per endpoint; return what was asked for, if anything."""
    asked: Wish | None = None
    for endpoint in endpoints:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="medium"
        ):
            told = ", ".join(code(kind) for kind in endpoint.kinds)
            st.markdown(
                f"**{md(endpoint.label)}**  \n:small[{code(endpoint.url)}]  \n:gray[:small[{told}]]",
                width=420,
            )
            st.markdown(_marks(endpoint, counts.get(endpoint.id, {})), width="stretch")
            asked = _menu(endpoint) or asked
    return asked


def webhook_form() -> NewWebhook | None:
    """Draw the form for a new endpoint; return it when it was sent."""
    with st.form("new_webhook", border=False):
        label = st.text_input(_("Who is told?"), max_chars=80, placeholder=_("Deployment of the credit team"))
        shape = st.selectbox(
            _("By what?"), list(SHAPE_NAMES), format_func=lambda shape: _(SHAPE_NAMES[shape])
        )
        url = st.text_input(_("Address"), max_chars=500, placeholder="https://deploy.example/aval")
        kinds = st.multiselect(
            _("Of what?"), list(FAMILIES), default=["release.*"], format_func=lambda kind: _(FAMILIES[kind])
        )
        st.caption(
            _(
                "Messages hold ids and digests, never names, words or data. Only public https addresses are spoken to,"
                " and the private networks that AVAL_WEBHOOK_NETWORKS names. A channel is told in your language."
            )
        )
        if st.form_submit_button(_("Add the webhook"), type="primary"):
            return NewWebhook(label, url, tuple(kinds), shape, language())
    return None


def _marks(endpoint: Endpoint, counts: Mapping[DeliveryState, int]) -> str:
    marks = []
    if not endpoint.has_secret:
        marks.append(badge(_("Secret gone: renew it"), Tone.BLOCK))
    if not endpoint.active:
        marks.append(badge(_("Paused"), Tone.PLAIN, "pause"))
    tones = {
        DeliveryState.DELIVERED: Tone.GOOD,
        DeliveryState.WAITING: Tone.WAIT,
        DeliveryState.GIVEN_UP: Tone.WARN,
    }
    marks += [badge(f"{_(STATE_NAMES[s])}: {counts[s]}", tones[s]) for s in DeliveryState if counts.get(s)]
    return " ".join(marks) or f":gray[{_('Nothing sent yet')}]"


def _menu(endpoint: Endpoint) -> Wish | None:
    with st.popover(_("Manage"), icon=":material/more_horiz:", key=f"webhook_{endpoint.id}"):
        if st.button(
            _("Send a test"), key=f"test_{endpoint.id}", icon=":material/send:", disabled=not endpoint.active
        ):
            return Wish("test", endpoint.id)
        if endpoint.active and st.button(_("Pause"), key=f"pause_{endpoint.id}", icon=":material/pause:"):
            return Wish("pause", endpoint.id)
        if not endpoint.active and st.button(
            _("Go on"), key=f"resume_{endpoint.id}", icon=":material/play_arrow:"
        ):
            return Wish("resume", endpoint.id)
        if endpoint.shape is Shape.SIGNED and st.button(
            _("Renew the secret"), key=f"secret_{endpoint.id}", icon=":material/key:"
        ):
            return Wish("secret", endpoint.id)
        if st.button(_("Remove"), key=f"remove_{endpoint.id}", icon=":material/delete:"):
            return Wish("remove", endpoint.id)
        st.caption(_("While it is paused, nothing new is put on its way to it."))
    return None


def webhook_count(endpoints: Sequence[Endpoint]) -> str:
    """Write how many there are, for the header of the card."""
    return f":gray[{ngettext('{n} webhook', '{n} webhooks', len(endpoints))}]"
