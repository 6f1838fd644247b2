"""The line that says that nothing here is real."""

import streamlit as st

from app.ui.badges import Tone, badge
from core.i18n import _


def demo_banner() -> None:
    """Say on every page of the demo that people and figures are invented."""
    told = _("The people and the lender are invented. Whatever you do stays on this machine.")
    st.markdown(f"{badge(_('Demo'), Tone.INFO, 'science')} :gray[:small[{told}]]")
