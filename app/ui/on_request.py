"""Something that is worked out when it is asked for: how the page reads it, asks for it, and follows the work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from app.ui.empty import empty
from app.ui.progress import Work, follow
from core.i18n import _

Found = TypeVar("Found")


@dataclass(frozen=True)
class OnRequest(Generic[Found]):
    """What is found so far, how to ask for it and read its job, and whether this person may ask."""

    found: Found
    ask: Callable[[], None]
    job: Callable[[], Work | None]
    may_ask: bool


def wait_for(wanted: OnRequest[Found], *, there: bool, name: str, text: str, icon: str) -> bool:
    """Return whether it is there; draw its job, or say `text` of what nobody asked for yet, with the button."""
    running = follow(wanted.job, title=name, stale=not there)
    if there or running:
        return there
    empty(_("Not worked out yet"), text, icon=icon)
    ask_button(wanted, _("Work it out"), key=f"ask_{icon}")
    return False


def ask_button(wanted: OnRequest[Found], label: str, *, key: str) -> None:
    """Draw the button that asks for it, for whoever may."""
    if wanted.may_ask and st.button(label, icon=":material/play_arrow:", key=key):
        wanted.ask()
        st.rerun()
