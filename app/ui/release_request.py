"""Ask for a version to go live: where, and with what words."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.ui.refused import refusals
from app.ui.release_words import environment_name
from core.i18n import _


def release_request(environments: Sequence[str], send: Callable[[str, str], None], *, disabled: bool) -> None:
    """Draw the page's primary button; its dialog calls `send` with environment and note.

    `?request=1` in the address opens the dialog at once: the link of an upload that has just become ready.
    """

    @st.dialog(_("Request a release"), position="right", icon=":material/approval:")
    def ask() -> None:
        st.markdown(
            _("The gates sealed before the evaluation are judged first; then the areas of the policy sign.")
        )
        st.caption(_("Whoever made the version cannot sign for it."))
        where = st.selectbox(_("Environment"), environments, format_func=environment_name)
        note = st.text_area(_("What should the approvers know?"), max_chars=2000, height=120)
        if st.button(_("Request the release"), type="primary", icon=":material/approval:") and where:
            with refusals():
                send(where, note)

    linked = st.query_params.pop("request", "") == "1" and not disabled
    if (
        st.button(_("Request release"), type="primary", icon=":material/approval:", disabled=disabled)
        or linked
    ):
        ask()
