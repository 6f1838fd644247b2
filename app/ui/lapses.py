"""What will take an approval's standing next, if nobody does anything."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.ui.text import md
from core.decisions.releases.standing import LAPSES, Lapse
from core.i18n import _, ago, day

_MOST = 4


def lapses(ahead: Sequence[Lapse], verified_at: datetime | None, now: datetime) -> None:
    """Draw the nearest lapses, and when the file was last found to be the approved one."""
    lines = [
        f"- {md(_(LAPSES[lapse.kind]))} · {day(lapse.at)} :gray[({ago(lapse.at - now)})]"
        for lapse in ahead[:_MOST]
        if lapse.kind in LAPSES
    ]
    st.markdown("\n".join(lines) or _("Nothing known lies ahead."))
    if verified_at is not None:
        st.caption(
            ":material/verified: "
            + _("The file was hashed again {when}, and is the approved one.", when=ago(verified_at - now))
        )
