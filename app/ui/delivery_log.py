"""The delivery log: every message to an endpoint, every knock, and once more by hand."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import code, md
from core.i18n import _, ago, moment, ngettext, number
from core.platform.notices.delivery import PROBLEMS, STATE_NAMES, DeliveryState
from core.platform.notices.queries import Attempt, Delivery

_TONES = {
    DeliveryState.WAITING: (Tone.WAIT, "hourglass_top"),
    DeliveryState.DELIVERED: (Tone.GOOD, "check"),
    DeliveryState.GIVEN_UP: (Tone.WARN, "priority_high"),
}


def delivery_log(deliveries: Sequence[Delivery], now: datetime, *, of_the_log: bool = True) -> str | None:
    """Draw the deliveries, newest first; return the id of the one to send again, if any.

    Messages `of_the_log` name the entry they tell of and can be sent again.
    """
    again: str | None = None
    for found in deliveries:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="medium"
        ):
            st.markdown(_what(found, of_the_log=of_the_log), width=420)
            st.markdown(_how(found, now), width="stretch")
            if (
                of_the_log
                and found.state is not DeliveryState.WAITING
                and st.button(_("Send again"), key=f"again_{found.id}", icon=":material/replay:")
            ):
                again = found.id
    return again


def _what(found: Delivery, *, of_the_log: bool) -> str:
    if not of_the_log:
        return f"{md(moment(found.created_at))}  \n:gray[:small[{code(found.message_id)}]]"
    small = _("entry {n} · {when}", n=number(found.sequence), when=moment(found.created_at))
    return "  \n".join(
        [
            f"{code(found.kind)} {code(found.subject)}",
            *(f":gray[:small[{t}]]" for t in (md(small), code(found.message_id))),
        ]
    )


def _how(found: Delivery, now: datetime) -> str:
    tone, icon = _TONES[found.state]
    lines = [badge(_(STATE_NAMES[found.state]), tone, icon)]
    if found.attempts:
        lines.append(f":small[{_knock(found.attempts[-1])}]")
    if found.state is DeliveryState.WAITING and found.attempts:
        tries = ngettext("{n} try so far", "{n} tries so far", len(found.attempts))
        following = _("next {when}", when=ago(found.next_at - now))
        lines.append(f":gray[:small[{md(tries)} · {md(following)}]]")
    return "  \n".join(lines)


def _knock(attempt: Attempt) -> str:
    answer = _("answered {status}", status=attempt.status) if attempt.status else _("no answer")
    took = _("in {n} ms", n=number(attempt.milliseconds))
    words = md(_(PROBLEMS[attempt.problem])) if attempt.problem else ""
    return f"{md(answer)} {md(took)}. {words}".strip()
