"""Stand-ins: lend one's seat until a day, see what is lent, take it back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from app.ui.refused import refusals
from app.ui.release_words import area_names
from app.ui.text import md
from core.decisions.releases.delegation import Delegation
from core.i18n import _, day


def delegation_button(
    areas: Sequence[str],
    people: Mapping[str, str],
    found: Sequence[Delegation],
    today: date,
    *,
    lend: Callable[[str, str, date, str], None],
    end: Callable[[str], None],
) -> None:
    """Draw the button; its dialog lists what is lent by or to the reader, and lends one of `areas`."""

    @st.dialog(_("Stand-ins"), position="right", icon=":material/swap_horiz:")
    def ask() -> None:
        for one in found:
            words = _(
                "{area}: {giver} → {taker}, until {when}",
                area=area_names([one.area]),
                giver=people.get(one.person_id, "–"),
                taker=people.get(one.delegate_id, "–"),
                when=day(one.ends_at),
            )
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(md(words), width="stretch")
                if st.button(_("End"), key=f"end_{one.id}"):
                    with refusals():
                        end(one.id)
        st.caption(_("Nobody who had a hand in a version signs it, not even for somebody else."))
        area = st.selectbox(_("Your seat"), areas, format_func=lambda value: area_names([value]))
        to = st.selectbox(_("Who stands in"), list(people), format_func=lambda i: people[i])
        until = st.date_input(
            _("Until"), value=today + timedelta(days=14), min_value=today + timedelta(days=1)
        )
        reason = st.text_input(_("Reason"), max_chars=200)
        if st.button(_("Lend the seat"), type="primary") and isinstance(until, date):
            with refusals():
                lend(area, to or "", until, reason)

    if st.button(_("Stand-ins"), icon=":material/swap_horiz:"):
        ask()
