"""The refusal: what was not done, why, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.ui.text import md
from core.errors import (
    AvalError,
    Conflict,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from core.i18n import N_, _

_TITLES: tuple[tuple[type[AvalError], str, str], ...] = (
    (Refused, N_("You may not do this"), "gpp_bad"),
    (NotFound, N_("Not found"), "search_off"),
    (Conflict, N_("Not possible now"), "sync_problem"),
    (Unauthenticated, N_("Please sign in"), "login"),
    (TooLarge, N_("Too large"), "scale"),
    (TooMany, N_("Too many at once"), "speed"),
    (Unavailable, N_("Not available now"), "cloud_off"),
)
_DEFAULT = (N_("This does not fit"), "error")


def refused(error: AvalError) -> None:
    """Show an error of Aval: title, reason, fix, and the code by which support finds it."""
    title, icon = next(((t, i) for kind, t, i in _TITLES if isinstance(error, kind)), _DEFAULT)
    lines = [f"**{_(title)}**", md(error.text())]
    if error.fix_text():
        lines.append(f":material/lightbulb: {md(error.fix_text())}")
    lines.append(f":small[:gray[`{error.code}`]]")
    show = st.error if isinstance(error, Refused) or type(error) is AvalError else st.warning
    show("  \n".join(lines), icon=f":material/{icon}:")


@contextmanager
def refusals() -> Iterator[None]:
    """Show an `AvalError` raised inside, in place, and go on with the page."""
    try:
        yield
    except AvalError as error:
        refused(error)


@contextmanager
def refusals_end_page() -> Iterator[None]:
    """Show an `AvalError` raised inside and stop the page there: for what the rest of the page needs."""
    try:
        yield
    except AvalError as error:
        refused(error)
        st.stop()


def may_not(reason: str, who_can: str = "") -> None:
    """Explain a control that this person does not have: why, and who does (both plain text)."""
    text = f":material/lock: {md(reason)}"
    if who_can:
        text += f"  \n:gray[:small[{md(_('Who can: {who}', who=who_can))}]]"
    with st.container(border=True):
        st.markdown(text)
