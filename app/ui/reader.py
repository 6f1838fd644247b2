"""The reader's language on pages: the session holds it, so that fragment reruns find it too."""

from collections.abc import Callable
from functools import cache

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import i18n
from core.i18n import LANGUAGES, _


@cache
def follow_session() -> None:
    """Make `core.i18n` ask the session; once per process."""
    i18n.resolve_with(_session_language)


def start_in(preferred: str) -> str:
    """Set the session's language where it has none yet; returns the one in use."""
    language: str = st.session_state.setdefault("language", i18n.nearest(preferred))
    return language


def language_switch(remember: Callable[[str], None]) -> None:
    """Draw the switch; `remember` keeps a choice beyond this session. The page reruns in the new language."""

    def keep() -> None:
        chosen = st.session_state["language_switch"]
        st.session_state["language"] = chosen
        remember(chosen)

    st.session_state.setdefault("language_switch", i18n.language())
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="language_switch",
        required=True,
        on_change=keep,
        label_visibility="collapsed",
        width="stretch",
    )


def _session_language() -> str | None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    found = st.session_state.get("language")
    return found if isinstance(found, str) else None
