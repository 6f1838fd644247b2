"""Incidents and whom they oblige to tell: what each is, its clocks, and what was told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import md
from core.assurance.compliance.duty import TOLD_NAMES, TRAIT_NAMES, Trait
from core.assurance.compliance.queries import HeldDuty
from core.decisions.incidents.incident import Incident
from core.i18n import _, moment


def duty_badge(duty: HeldDuty, now: datetime) -> str:
    """Write whether it was told in time, late, or until when it must be."""
    if duty.done_at is not None:
        late = duty.done_at > duty.due_at
        word = _("Told late") if late else _("Told in time")
        return badge(word, Tone.WARN if late else Tone.GOOD, "check")
    if duty.due_at < now:
        return badge(_("Past due since {when}", when=moment(duty.due_at)), Tone.BLOCK, "alarm")
    return badge(_("Due {when}", when=moment(duty.due_at)), Tone.WAIT, "schedule")


def duty_list(
    incidents: Sequence[Incident],
    duties: Sequence[HeldDuty],
    names: Mapping[str, str],
    now: datetime,
    *,
    may: bool,
) -> tuple[str, frozenset[Trait]] | tuple[str, str] | None:
    """Draw incidents with their duties; return what was sent: (incident, traits), or (duty, note)."""
    sent: tuple[str, frozenset[Trait]] | tuple[str, str] | None = None
    for one in incidents:
        st.markdown(
            f"**{md(one.title)}**  \n:small[:gray[{_('noticed {when}', when=moment(one.noticed_at))}]]"
        )
        for duty in (d for d in duties if d.incident_id == one.id):
            whom = _(TOLD_NAMES[duty.told])
            st.markdown(f"{duty_badge(duty, now)} {md(duty.law.upper())} {md(duty.article)}: {md(whom)}")
            if duty.done_at is not None:
                who = names.get(duty.done_by, duty.done_by)
                st.caption(f"{md(who)}, {moment(duty.done_at)}: {md(duty.note)}")
            elif may:
                with st.popover(_("It was told")), st.form(f"told_{duty.id}", border=False):
                    note = st.text_area(_("How, and with what"), max_chars=2_000)
                    if st.form_submit_button(_("Record")):
                        sent = (duty.id, note)
        if may:
            with st.popover(_("What is it?")), st.form(f"traits_{one.id}", border=False):
                traits = [t for t in Trait if st.checkbox(_(TRAIT_NAMES[t]), key=f"{one.id}_{t}")]
                if st.form_submit_button(_("Start the clocks")):
                    sent = (one.id, frozenset(traits))
    return sent
