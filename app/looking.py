"""Pages tell what a signer opened, once a session for each part of a version's evidence."""

import streamlit as st

from app.session import current
from app.wiring import unit_of_work
from core.decisions.releases.opening import note_opened
from core.decisions.releases.oversight import Part
from core.platform.access.permissions import Permission, allowed


def opened(version_id: str, part: Part) -> None:
    """Note that the reader, where they may sign, has this part of the evidence before them."""
    me = current().actor
    key = f"opened {part.value} {version_id}"
    if key in st.session_state or not allowed(me, Permission.DECIDE_RELEASE):
        return
    with unit_of_work(me) as uow:
        note_opened(uow, version_id, part)
    st.session_state[key] = True
