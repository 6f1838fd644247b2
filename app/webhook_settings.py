"""The webhooks of Settings: what stands, what is asked for, and carrying it out."""

from typing import assert_never

import streamlit as st

from app.ui.card import card
from app.ui.delivery_log import delivery_log
from app.ui.empty import empty
from app.ui.refused import may_not, refusals
from app.ui.text import md
from app.ui.token_list import shown_once
from app.ui.webhooks import Wish, webhook_count, webhook_form, webhook_list
from app.wiring import reading, store, unit_of_work
from core.i18n import _
from core.platform.access.permissions import ROLE_NAMES, Permission, Role, allowed
from core.platform.notices import commands, queries
from core.platform.notices.queries import Endpoint
from core.platform.store import Actor

SHOWN = 20
_SECRET = "webhook_secret"  # noqa: S105 - the name of a place, not a secret


def webhook_settings(actor: Actor) -> None:
    """Draw the tab; whoever may not manage settings learns who may."""
    if not allowed(actor, Permission.MANAGE_SETTINGS):
        may_not(_("Webhooks are looked after by administrators."), _(ROLE_NAMES[Role.ADMINISTRATOR]))
        return
    with reading() as view:
        endpoints, counts = queries.endpoints(view), queries.counts(view)
    secret = st.session_state.pop(_SECRET, None)
    if secret:
        hint = _("With it the receiver checks each signature (Standard Webhooks). It is not shown again.")
        shown_once(secret, title=_("The webhook's secret"), hint=hint)
    with card(_("Who is told"), webhook_count(endpoints)), refusals():
        wish = webhook_list(endpoints, counts)
        if wish:
            _carry_out(actor, wish)
            st.rerun()
        if not endpoints:
            hint = _("Whoever deploys can be told of every step of a release, signed, within seconds.")
            empty(_("Nobody is told"), hint, icon="webhook")
    with card(_("Add a webhook")), refusals():
        asked = webhook_form()
        if asked:
            with unit_of_work(actor) as uow:
                _id, st.session_state[_SECRET] = commands.add_endpoint(
                    uow,
                    label=asked.label,
                    url=asked.url,
                    kinds_asked=asked.kinds,
                    shape=asked.shape.value,
                    language=asked.language,
                )
            st.rerun()
    for endpoint in endpoints:
        _sent(actor, endpoint)


def _carry_out(actor: Actor, wish: Wish) -> None:
    with unit_of_work(actor) as uow:
        match wish.kind:
            case "test":
                commands.send_test(uow, wish.endpoint_id)
            case "pause" | "resume":
                commands.change_endpoint(uow, wish.endpoint_id, active=wish.kind == "resume")
            case "secret":
                st.session_state[_SECRET] = commands.renew_secret(uow, wish.endpoint_id)
            case "remove":
                commands.remove_endpoint(uow, wish.endpoint_id)
            case _:
                assert_never(wish.kind)


@st.fragment(run_every=5)
def _sent(actor: Actor, endpoint: Endpoint) -> None:
    """The newest deliveries, drawn anew every few seconds while the tab is open."""
    with reading() as view:
        sent = queries.deliveries(view, endpoint.id, limit=SHOWN)
    if not sent:
        return
    with card(_("Sent to {who}", who=md(endpoint.label))), refusals():
        again = delivery_log(sent, store().clock())
        if again:
            with unit_of_work(actor) as uow:
                commands.redeliver(uow, again)
            st.rerun()
