"""Where a version fails: rules in words, how many rows, how much worse, and one click to a finding."""

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from app.ui import badges
from app.ui.empty import note
from app.ui.findings import Opened, open_button
from app.ui.text import md
from core.evidence.slices import words
from core.evidence.slices.finding import Slice
from core.evidence.slices.queries import Analysed
from core.i18n import _, day, number, percent

MOST = 4


def slices_view(
    analysed: Analysed, people: Mapping[str, str], today: date, send: Callable[[Opened], None] | None
) -> None:
    """Draw the worst slices; `send` opens a finding, where the reader may."""
    found = analysed.found
    shown = [one for one in found.slices if one.error > found.overall][:MOST]
    if not shown:
        st.markdown(f":green[:material/check:] {_('No part of the rows errs more than the rest.')}")
    for place, one in enumerate(shown):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{md(words.rule(one))}** {_mark(one)}")
            st.markdown(md(words.sentence(found, one)))
            with st.container(
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
            ):
                st.caption(
                    _(
                        "{share} of the rows · {times} times the error of all",
                        share=percent(one.share, 0),
                        times=number(one.times, 1),
                    )
                )
                if send is not None:
                    title = _("Errs where {rule}", rule=words.rule(one))[:200]
                    open_button(
                        people,
                        today,
                        send,
                        key=f"slice_{place}",
                        title=title,
                        text=words.sentence(found, one),
                    )
    note(
        _(
            "Rules were found on one half of the rows and measured on the other, {rows} rows, on {when}.",
            rows=number(found.rows, 0),
            when=day(analysed.created_at),
        )
    )


def _mark(one: Slice) -> str:
    if one.remains:
        return badges.badge(_("remains after correction"), badges.Tone.WARN)
    return badges.badge(_("may be chance"), badges.Tone.PLAIN)
