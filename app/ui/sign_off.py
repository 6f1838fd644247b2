"""The sign-off: which signatures the policy asks, who gave them, who can, and the form of whoever may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.refused import may_not
from app.ui.release_words import area_names
from app.ui.text import md
from core.decisions.releases.eligibility import Bar
from core.decisions.releases.quorum import MEANING_NAMES, Meaning
from core.decisions.releases.review import SeatView
from core.i18n import _, moment, ngettext

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody signs."""

    area: str
    meaning: Meaning
    rationale: str


def seats(found: Sequence[SeatView], names: Mapping[str, str], me: str) -> None:
    """Draw the seats of the quorum and how many are taken."""
    taken = sum(seat.signed is not None for seat in found)
    text = _(
        "{taken} of {signatures}",
        taken=taken,
        signatures=ngettext("{n} signature", "{n} signatures", len(found)),
    )
    st.progress(taken / len(found) if found else 0.0, text=text)
    lines = []
    for seat in found:
        title = f"**{area_names(seat.areas)}**"
        if seat.signed is not None:
            who = names.get(seat.signed.person_id, "–")
            small = _("{name} · signed {when}", name=who, when=moment(seat.signed.signed_at))
            mark = ":green[:material/check_circle:]"
        elif me in seat.able:
            small, mark = _("You can sign"), ":orange[:material/radio_button_checked:]"
        elif seat.able:
            small, mark = able(seat, names), ":gray[:material/radio_button_unchecked:]"
        else:
            small, mark = _("Nobody can sign for this area yet"), ":red[:material/person_off:]"
        lines.append(f"{mark} {title}  \n:gray[:small[{md(small)}]]")
    st.markdown("\n\n".join(lines))


def able(seat: SeatView, names: Mapping[str, str]) -> str:
    """Write who could take a seat, a few by name."""
    who = [names.get(person, "–") for person in seat.able[:_MOST_NAMES]]
    more = len(seat.able) - len(who)
    text = ", ".join(who)
    if more > 0:
        text += " " + ngettext("and {n} more", "and {n} more", more)
    return _("Can sign: {who}", who=text)


def barred(bars: Sequence[Bar]) -> None:
    """Say in words why the reader may not sign; the seats say who can."""
    own = [bar for bar in bars if bar.at is not None] or bars
    may_not(own[0].text())
    for bar in own[1:]:
        st.caption(md(bar.text()))


def decision_form(
    request_id: str, areas: Sequence[str], *, characters: int, blocked: bool
) -> Decision | None:
    """Draw the form; returns what was signed, or None. With `blocked` gates nobody can approve."""
    open_to = [m for m in Meaning if not (blocked and m is Meaning.APPROVE)]
    with st.form(f"sign_{request_id}", border=False):
        area = areas[0]
        if len(areas) > 1:
            area = (
                st.segmented_control(
                    _("You sign for"),
                    list(areas),
                    default=areas[0],
                    required=True,
                    format_func=lambda value: area_names([value]),
                    width="stretch",
                )
                or areas[0]
            )
        meaning = st.segmented_control(
            _("Your decision"),
            open_to,
            default=open_to[0],
            required=True,
            format_func=lambda value: _(MEANING_NAMES[value]),
            width="stretch",
            wrap=True,
        )
        rationale = st.text_area(
            _("Rationale"),
            placeholder=_("What did you check, and why is it enough?"),
            max_chars=4000,
            height=112,
            help=_("At least {n} characters.", n=characters),
        )
        if st.form_submit_button(
            _("Sign and record"), type="primary", icon=":material/draw:", width="stretch"
        ):
            return Decision(area, meaning or open_to[0], rationale)
    return None
