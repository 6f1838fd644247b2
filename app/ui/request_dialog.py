"""Ask for a release from the list: which use case, which version, where to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from app.ui.refused import refusals
from app.ui.release_words import environment_name
from core.i18n import _


@dataclass(frozen=True, slots=True)
class Choice:
    """A use case whose versions may be released: version id → words, newest first."""

    title: str
    versions: Mapping[str, str]
    environments: tuple[str, ...]


def request_button(choices: Mapping[str, Choice], send: Callable[[str, str, str], None]) -> None:
    """Draw the button; its dialog calls `send` with version id, environment and note."""

    @st.dialog(_("Request a release"), position="right", icon=":material/approval:")
    def ask() -> None:
        st.markdown(
            _("The gates sealed before the evaluation are judged first; then the areas of the policy sign.")
        )
        slug = st.selectbox(_("Use case"), list(choices), format_func=lambda value: choices[value].title)
        choice = choices[slug]
        version = st.selectbox(
            _("Version"), list(choice.versions), format_func=lambda value: choice.versions[value]
        )
        environment = st.selectbox(
            _("Environment"),
            choice.environments,
            index=len(choice.environments) - 1,
            format_func=environment_name,
        )
        note = st.text_area(_("What should the approvers know?"), max_chars=2000, height=120)
        if st.button(_("Request the release"), type="primary", icon=":material/approval:"):
            with refusals():
                send(version, environment, note)

    if st.button(_("Request release"), icon=":material/add:", disabled=not choices):
        ask()
