"""The field above every signature: the password again, or in the demo a tick that says what it stands for."""

from dataclasses import dataclass

import streamlit as st

from core.i18n import _


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the person gave to show who they are."""

    password: str = ""
    clicked: bool = False


def confirm_field(name: str, *, demo: bool, key: str) -> Confirmation:
    """Draw the field and return what it holds; `name` is the reader's own."""
    if demo:
        said = st.checkbox(
            _("It is me, {name}, who signs", name=name),
            key=f"confirm_{key}",
            help=_("The demo has no passwords: this tick stands for one, and the signature says so."),
        )
        return Confirmation(clicked=said)
    typed = st.text_input(
        _("Your password, once more"),
        type="password",
        autocomplete="current-password",
        key=f"confirm_{key}",
        help=_("A signature is yours alone: it is confirmed each time."),
    )
    return Confirmation(password=typed)
