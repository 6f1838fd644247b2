"""Ask for a version to go live: where, and with what words."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.ui.refused import refusals
from core.i18n import N_, _

ENVIRONMENTS: Mapping[str, str] = {"staging": N_("Staging"), "production": N_("Production")}


def release_request(environments: Sequence[str], send: Callable[[str, str], None], *, disabled: bool) -> None:
    """Draw the page's primary button; its dialog calls `send` with environment and note."""

    @st.dialog(_("Request a release"), position="right", icon=":material/approval:")
    def ask() -> None:
        st.markdown(
            _("The gates sealed before the evaluation are judged first; then the areas of the policy sign.")
        )
        st.caption(_("Whoever made the version cannot sign for it."))
        where = st.selectbox(
            _("Environment"), environments, format_func=lambda value: _(ENVIRONMENTS.get(value, value))
        )
        note = st.text_area(_("What should the approvers know?"), max_chars=2000, height=120)
        if st.button(_("Request the release"), type="primary", icon=":material/approval:") and where:
            with refusals():
                send(where, note)

    if st.button(_("Request release"), type="primary", icon=":material/approval:", disabled=disabled):
        ask()
