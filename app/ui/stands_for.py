"""What people stand for in a use case: attestations, and the answer whether a version changes it substantially."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import md
from core.assurance.compliance.queries import Attestation, Modification
from core.i18n import _, day, moment


def attestation_list(found: Sequence[Attestation], names: Mapping[str, str], now: datetime) -> None:
    """Draw the attestations, newest first; the newest says whether it still holds."""
    if not found:
        st.markdown(f":gray[{_('Nobody independent of the owner has attested to this use case yet.')}]")
    for one in found:
        holds = one.until > now
        word = (
            _("Holds until {day}", day=day(one.until)) if holds else _("Lapsed on {day}", day=day(one.until))
        )
        mark = badge(word, Tone.GOOD if holds else Tone.WARN)
        who = md(names.get(one.signed_by, one.signed_by))
        st.markdown(f"{mark} **{who}**, {moment(one.signed_at)}  \n{md(one.statement)}")


def modification_note(found: Modification, names: Mapping[str, str]) -> None:
    """Draw the answer, with who gave it and why."""
    word = _("A substantial modification") if found.substantial else _("Not a substantial modification")
    who = md(names.get(found.answered_by, found.answered_by))
    mark = badge(word, Tone.WARN if found.substantial else Tone.GOOD)
    st.markdown(f"{mark} **{who}**, {moment(found.answered_at)}  \n{md(found.reason)}")


def attest_form() -> str | None:
    """Ask for the statement of an attestation; return it once it is sent."""
    with st.form("attest", border=False):
        text = st.text_area(
            _("Statement"),
            placeholder=_("What you looked at, and that the use case still is what it says."),
            max_chars=2_000,
        )
        return text if st.form_submit_button(_("Attest"), icon=":material/verified:") else None


def modification_form() -> tuple[bool, str] | None:
    """Ask whether the version is a substantial modification, and why; return both once they are sent."""
    with st.form("modification", border=False):
        substantial = st.radio(
            _("Does this version change the purpose, or how well the system meets its duties?"),
            [False, True],
            format_func=lambda yes: _("Yes, a substantial modification") if yes else _("No"),
        )
        reason = st.text_area(_("Why"), max_chars=2_000)
        sent = st.form_submit_button(_("Record the answer"))
        return (bool(substantial), reason) if sent else None
