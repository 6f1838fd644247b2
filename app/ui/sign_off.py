"""The sign-off: which signatures the policy asks, who gave them, who can, and the form of whoever may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app.ui.confirm_field import Confirmation, confirm_field
from app.ui.refused import may_not
from app.ui.release_words import area_names
from app.ui.text import md
from core.decisions.releases.delegation import Delegation
from core.decisions.releases.eligibility import Bar
from core.decisions.releases.quorum import APPROVING, MEANING_NAMES, Meaning
from core.decisions.releases.review import SeatView
from core.i18n import _, moment, ngettext
from core.platform.access.confirmation import CONFIRMED_NAMES, Confirmed

_MOST_NAMES = 3


_MOST_CONDITIONS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition as it was typed: what, whose (person id), by which day."""

    text: str
    owner_id: str
    due: date


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody signs, and what they gave to show who they are."""

    area: str
    meaning: Meaning
    rationale: str
    conditions: tuple[Asked, ...]
    on_behalf_of: str
    confirmation: Confirmation


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
            if seat.signed.on_behalf_of:
                small += " · " + _("for {name}", name=names.get(seat.signed.on_behalf_of, "–"))
            if seat.signed.confirmed_by in set(Confirmed):
                small += " · " + _(CONFIRMED_NAMES[Confirmed(seat.signed.confirmed_by)])
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
    request_id: str,
    own: Sequence[str],
    lent: Sequence[Delegation],
    people: Mapping[str, str],
    *,
    characters: int,
    blocked: bool,
    signer: str,
    demo: bool,
    today: date,
) -> Decision | None:
    """Draw the form; returns what was signed, or None. With `blocked` gates nobody can approve.

    `people` may own a condition: id → name; `lent` are seats of others that the reader may take.
    """
    open_to = [m for m in Meaning if not (blocked and m in APPROVING)]
    seats_of: dict[str, tuple[str, str]] = {area: (area, "") for area in own}
    seats_of |= {d.id: (d.area, d.person_id) for d in lent}
    chosen = next(iter(seats_of))
    if len(seats_of) > 1:
        chosen = (
            st.segmented_control(
                _("You sign for"),
                list(seats_of),
                default=chosen,
                required=True,
                format_func=lambda value: _seat(*seats_of[value], people),
                width="stretch",
                wrap=True,
            )
            or chosen
        )
    elif lent:
        st.caption(_seat(*seats_of[chosen], people))
    meaning = (
        st.segmented_control(
            _("Your decision"),
            open_to,
            default=open_to[0],
            required=True,
            format_func=lambda value: _(MEANING_NAMES[value]),
            width="stretch",
            wrap=True,
        )
        or open_to[0]
    )
    with st.form(f"sign_{request_id}", border=False):
        rationale = st.text_area(
            _("Rationale"),
            placeholder=_("What did you check, and why is it enough?"),
            max_chars=4000,
            height=112,
            help=_("At least {n} characters.", n=characters),
        )
        asked = _conditions(people, today) if meaning is Meaning.APPROVE_WITH_CONDITIONS else ()
        given = confirm_field(signer, demo=demo, key=request_id)
        if st.form_submit_button(
            _("Sign and record"), type="primary", icon=":material/draw:", width="stretch"
        ):
            area, behalf = seats_of[chosen]
            return Decision(area, meaning, rationale, asked, behalf, given)
    return None


def _conditions(people: Mapping[str, str], today: date) -> tuple[Asked, ...]:
    """Up to three conditions; those without words are left out."""
    found = []
    for n in range(_MOST_CONDITIONS):
        title = _("Condition") if n == 0 else _("Another condition")
        with st.expander(title, expanded=n == 0):
            text = st.text_area(_("What must be done"), max_chars=2000, height=80, key=f"condition_{n}")
            owner = st.selectbox(
                _("Owner"), list(people), format_func=lambda i: people[i], key=f"condition_owner_{n}"
            )
            due = st.date_input(
                _("Due"),
                value=today + timedelta(days=30),
                min_value=today + timedelta(days=1),
                key=f"condition_due_{n}",
            )
            if text.strip() and owner and isinstance(due, date):
                found.append(Asked(text, owner, due))
    return tuple(found)


def _seat(area: str, behalf: str, people: Mapping[str, str]) -> str:
    name = area_names([area])
    return name if not behalf else _("{area}, for {name}", area=name, name=people.get(behalf, "–"))
