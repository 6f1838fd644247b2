"""The reader's language on pages: the session holds it, so that fragment reruns find it too."""

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


def language_switch() -> str | None:
    """Draw the switch; returns the language just chosen, or None. The page reruns in it by itself."""
    now = i18n.language()

    def keep() -> None:
        st.session_state["language"] = st.session_state["language_switch"]

    st.session_state.setdefault("language_switch", now)
    chosen = st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="language_switch",
        required=True,
        on_change=keep,
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen if chosen != now else None


def _session_language() -> str | None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    found = st.session_state.get("language")
    return found if isinstance(found, str) else None
