"""The tab of one's own notifications in Settings: by which way, when not, and how what was sent went."""

import streamlit as st

from app.ui.card import card
from app.ui.delivery_log import delivery_log
from app.ui.empty import empty
from app.ui.notification_form import notification_form
from app.ui.refused import refusals
from app.wiring import reading, store, unit_of_work
from core.i18n import _
from core.overview.inbox import commands, queries
from core.platform.store import Actor


def notification_settings(actor: Actor) -> None:
    """Draw the tab."""
    server = bool(store().settings.mail_server)
    with reading() as view:
        held = queries.preferences(view, actor.id)
    with card(_("What I am told")), refusals():
        if not server:
            st.info(
                _("No mail server is configured, so that the inbox is all. AVAL_MAIL_SERVER names one."),
                icon=":material/info:",
            )
        wanted = notification_form(held)
        if wanted is not None:
            with unit_of_work(actor) as uow:
                commands.choose(uow, wanted)
            st.success(_("Kept."))
    if server:
        _sent(actor)


@st.fragment(run_every=5)
def _sent(actor: Actor) -> None:
    """The newest e-mails, drawn anew every few seconds while the tab is open."""
    with reading() as view:
        sent = queries.sent(view, actor.id)
    with card(_("Sent to me")), refusals():
        if st.button(_("Write me a trial"), icon=":material/send:"):
            with unit_of_work(actor) as uow:
                commands.write_trial(uow, store().settings.public_url)
            st.rerun()
        if sent:
            delivery_log(sent, store().clock(), of_the_log=False)
        else:
            empty(_("Nothing was sent yet"), icon="mail")
