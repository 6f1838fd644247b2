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


def request_button(
    choices: Mapping[str, Choice],
    send: Callable[[str, str, str], None],
    *,
    use_case: str = "",
    version: str = "",
) -> None:
    """Draw the button; its dialog calls `send` with version id, environment and note.

    With `use_case` (slug) and `version` (number) from a link, the dialog is open and they are chosen.
    """
    slugs = list(choices)

    @st.dialog(_("Request a release"), position="right", icon=":material/approval:")
    def ask() -> None:
        st.markdown(
            _("The gates sealed before the evaluation are judged first; then the areas of the policy sign.")
        )
        first = slugs.index(use_case) if use_case in choices else 0
        slug = st.selectbox(_("Use case"), slugs, index=first, format_func=lambda value: choices[value].title)
        choice = choices[slug]
        ids = list(choice.versions)
        wanted = [i for i, words in choice.versions.items() if words.startswith(f"v{version} ")]
        chosen = st.selectbox(
            _("Version"),
            ids,
            index=ids.index(wanted[0]) if wanted else 0,
            format_func=lambda value: choice.versions[value],
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
                send(chosen, environment, note)

    linked = use_case in choices and st.session_state.get("requested_from_link") != (use_case, version)
    if st.button(_("Request release"), icon=":material/add:", disabled=not choices) or linked:
        st.session_state["requested_from_link"] = (use_case, version)
        ask()
