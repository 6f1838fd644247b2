"""A step that needs a reason: one button, one dialog, one sentence."""

from collections.abc import Callable

import streamlit as st

from app.ui.refused import refusals
from core.i18n import _


def reason_button(
    title: str, explanation: str, icon: str, send: Callable[[str], None], *, key: str = ""
) -> None:
    """Draw the button; its dialog calls `send` with the reason. All texts are translated already."""
    name = f"{icon}_{key}" if key else icon

    @st.dialog(title, icon=f":material/{icon}:")
    def ask() -> None:
        st.markdown(explanation)
        reason = st.text_area(_("Reason"), max_chars=2000, height=112, key=f"reason_{name}")
        if st.button(title, type="primary", icon=f":material/{icon}:", key=f"do_{name}"):
            with refusals():
                send(reason)

    if st.button(title, icon=f":material/{icon}:", key=f"ask_{name}"):
        ask()
