"""What a page shows when its code fails: no trace, no secret, one way on."""

import logging

import streamlit as st

from app.ui.refused import refused
from core.errors import AvalError
from core.i18n import _
from core.ids import new_id

_log = logging.getLogger("aval.page")


def on_script_error(error: Exception) -> bool:
    """Show a failure in place of Streamlit's own box; returns True: it has been shown."""
    if isinstance(error, AvalError):
        refused(error)
        return True
    reference = new_id("err")
    _log.error("page failed, reference %s", reference, exc_info=error)
    st.error(
        "  \n".join(
            (
                f"**{_('Something went wrong on our side.')}**",
                _(
                    "Nothing you saved is lost. Reload the page; "
                    "if it happens again, send this reference to your administrator."
                ),
                f"`{reference}`",
            )
        ),
        icon=":material/build:",
    )
    return True
