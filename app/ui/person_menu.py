"""Who is signed in, and the way out."""

from collections.abc import Sequence

import streamlit as st

from app.ui.text import md
from core.i18n import _

_LEAVE = """
export default function ({ data, parentElement }) {
  const form = parentElement.querySelector("form");
  form.action = data.action;
  form.querySelector("button").textContent = data.label;
}
"""
_FORM = '<form method="post"><button type="submit"></button></form>'
_STYLE = """
button { width: 100%; padding: 0.4rem 0.75rem; font: inherit; cursor: pointer; color: var(--st-text-color);
  background: transparent; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); }
button:hover { border-color: var(--st-primary-color); color: var(--st-link-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
form { margin: 0; }
"""
_leave = st.components.v2.component("aval_sign_out", html=_FORM, css=_STYLE, js=_LEAVE)


def person_menu(name: str, roles: Sequence[str], *, sign_out: str = "/sign-out") -> None:
    """Draw the menu of the person `name`; `sign_out` is the route that the form posts to."""
    with st.popover(md(name), icon=":material/account_circle:", width="stretch"):
        st.markdown(f"**{md(name)}**  \n:gray[:small[{md(' · '.join(roles))}]]")
        _leave(key="sign_out", data={"action": sign_out, "label": _("Sign out")})
