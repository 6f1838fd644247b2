"""The emergency release: two steps to do it, one banner on every page until its review is done."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.ui.confirm_field import Confirmation, confirm_field
from app.ui.refused import refusals
from app.ui.text import md
from core.decisions.releases.release import Debt
from core.i18n import _, moment

REVIEW = "../pages/release_review.py"


def emergency_button(
    people: Mapping[str, str],
    send: Callable[[str, str, Confirmation], None],
    *,
    hours: int,
    signer: str,
    demo: bool,
) -> None:
    """Draw the button; the second step of its dialog calls `send` with reason, reviewer and confirmation."""

    @st.dialog(_("Emergency release"), icon=":material/emergency_home:")
    def ask() -> None:
        if not st.session_state.get("glass"):
            st.warning(
                _(
                    "It goes live at once, without the signatures. Every page says so until somebody else has "
                    "reviewed it, within {hours} hours.",
                    hours=hours,
                ),
                icon=":material/emergency_home:",
            )
            if st.button(_("I understand, go on"), key="glass_go"):
                st.session_state["glass"] = True
                st.rerun(scope="fragment")
            return
        reason = st.text_area(_("Reason"), max_chars=4000, height=112, key="glass_reason")
        reviewer = st.selectbox(
            _("Who reviews it afterwards"),
            list(people),
            format_func=lambda i: people[i],
            key="glass_reviewer",
        )
        given = confirm_field(signer, demo=demo, key="glass")
        if st.button(_("Release now"), type="primary", icon=":material/emergency_home:", key="glass_do"):
            with refusals():
                send(reason, reviewer or "", given)

    if st.button(_("Emergency release"), icon=":material/emergency_home:", key="glass_open"):
        st.session_state.pop("glass", None)
        ask()


def owed(debt: Debt, names: Mapping[str, str], now: datetime) -> None:
    """Say what an emergency release owes, on its own page."""
    who = names.get(debt.reviewer_id, "–")
    if debt.paid_at is None:
        text = _(
            "Emergency release by {name}: {reason}", name=names.get(debt.opened_by, "–"), reason=debt.reason
        )
        due = (
            _("Its review by {name} is overdue since {when}.", name=who, when=moment(debt.due_at))
            if debt.overdue(now)
            else _("{name} reviews it until {when}.", name=who, when=moment(debt.due_at))
        )
        show = st.error if debt.overdue(now) else st.warning
        show(f"{md(text)}  \n{md(due)}", icon=":material/emergency_home:")
        return
    said = _("Upheld by {name}.", name=who) if debt.upheld else _("Not upheld by {name}.", name=who)
    st.info(f"**{md(said)}** {md(debt.finding)}", icon=":material/fact_check:")


def review_form(
    debt_id: str, send: Callable[[bool, str, Confirmation], None], *, signer: str, demo: bool
) -> None:
    """Draw the reviewer's form; it calls `send` with whether it is upheld, the finding and the confirmation."""
    with st.form(f"pay_{debt_id}", border=False):
        upheld = st.segmented_control(
            _("Was it right?"),
            [True, False],
            default=True,
            required=True,
            format_func=lambda value: _("Upheld") if value else _("Not upheld"),
            width="stretch",
        )
        finding = st.text_area(_("What did you find?"), max_chars=4000, height=112)
        given = confirm_field(signer, demo=demo, key=debt_id)
        if st.form_submit_button(
            _("Sign the review"), type="primary", icon=":material/draw:", width="stretch"
        ):
            with refusals():
                send(bool(upheld), finding, given)


def debt_banner(debts: Sequence[Debt], names: Mapping[str, str], now: datetime) -> None:
    """Draw one line on every page while a review is owed; overdue, it leads to the roll-back."""
    for debt in debts:
        who = names.get(debt.reviewer_id, "–")
        late = debt.overdue(now)
        text = (
            _("The review of an emergency release by {name} is overdue: do it, or roll back.", name=who)
            if late
            else _(
                "An emergency release waits for its review by {name} until {when}.",
                name=who,
                when=moment(debt.due_at),
            )
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            colour, icon = ("red", "alarm") if late else ("orange", "emergency_home")
            st.markdown(f":{colour}[:material/{icon}: {md(text)}]", width="content")
            st.page_link(REVIEW, label=_("Open"), query_params={"release": debt.request_id})
