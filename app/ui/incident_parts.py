"""An incident: the dialog that opens one, the row of a list, the record, and the lines that it is told by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import streamlit as st

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.refused import refusals
from app.ui.text import md
from core.decisions.findings.severity import SEVERITY_NAMES, Severity
from core.decisions.incidents.incident import STATE_NAMES, Incident
from core.i18n import _, day, moment

TONES: Mapping[Severity, badges.Tone] = {
    Severity.LOW: badges.Tone.PLAIN,
    Severity.MEDIUM: badges.Tone.WARN,
    Severity.HIGH: badges.Tone.BLOCK,
    Severity.CRITICAL: badges.Tone.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Told:
    """An incident as it was typed."""

    title: str
    text: str
    severity: Severity
    owner_id: str
    began_at: datetime


def incident_button(
    people: Mapping[str, str],
    me: str,
    began: date,
    now: datetime,
    send: Callable[[Told], None],
    *,
    title: str,
    text: str,
) -> None:
    """Draw the button that opens an incident; its dialog, filled from the alert, calls `send`."""

    @st.dialog(_("Open an incident"), position="right", icon=":material/emergency_home:")
    def ask() -> None:
        name = st.text_input(_("What went wrong"), value=title[:120], max_chars=120, key="incident_title")
        said = st.text_area(_("What is known"), value=text, max_chars=4000, height=140, key="incident_text")
        severity = st.segmented_control(
            _("Severity"), list(Severity), default=Severity.MEDIUM, required=True, wrap=True,
            format_func=lambda value: _(SEVERITY_NAMES[value]), key="incident_severity",
        )  # fmt: skip
        owner = st.selectbox(
            _("Owner"), list(people), index=list(people).index(me) if me in people else 0,
            format_func=lambda i: people[i], key="incident_owner",
        )  # fmt: skip
        since = st.date_input(_("Began on"), value=began, max_value=now.date(), key="incident_began")
        if st.button(_("Open the incident"), type="primary", key="incident_send") and isinstance(since, date):
            with refusals():
                start = min(datetime.combine(since, time(), UTC), now)
                send(Told(name, said, severity or Severity.MEDIUM, owner or "", start))

    if st.button(_("Open an incident"), icon=":material/emergency_home:", key="ask_incident"):
        ask()


def incident_marks(incident: Incident) -> str:
    """Write state and severity."""
    state = badges.badge(
        _(STATE_NAMES[incident.state]), badges.Tone.WAIT if incident.open else badges.Tone.GOOD
    )
    tone = TONES[incident.severity] if incident.open else badges.Tone.PLAIN
    return badges.row(state, badges.badge(_(SEVERITY_NAMES[incident.severity]), tone))


def incident_rows(found: Sequence[Incident], names: Mapping[str, str]) -> None:
    """Draw one line per incident."""
    for one in found:
        owner = names.get(one.owner_id, "–")
        list_row(
            "../pages/incident.py",
            md(one.title),
            icon="emergency_home",
            query={"incident": one.id},
            detail=md(_("{name} · began {when}", name=owner, when=day(one.began_at))),
            marks=incident_marks(one),
        )


def incident_facts(incident: Incident, names: Mapping[str, str]) -> None:
    """Draw whose it is and its moments."""
    st.table(
        {
            _("Owner"): md(names.get(incident.owner_id, "–")),
            _("Began"): moment(incident.began_at),
            _("Noticed"): moment(incident.noticed_at),
            _("Opened by"): f"{md(names.get(incident.opened_by, '–'))} · {moment(incident.opened_at)}",
        },
        border="horizontal",
    )
    if incident.text:
        st.markdown(md(incident.text))
