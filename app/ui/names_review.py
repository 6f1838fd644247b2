"""A reviewer looks at the names that a file asks for, before anything of it is loaded."""

from typing import Literal

import streamlit as st

from app.ui.card import card
from app.ui.text import code
from core.assets.registry.version import Version
from core.i18n import _, ngettext


def names_review(version: Version, list_version: str) -> Literal["approve", "refuse"] | None:
    """Draw every name and the two answers; return the one just given."""
    with card(_("Review of names"), ngettext("{n} name", "{n} names", len(version.names))):
        st.markdown("  \n".join(code(name) for name in version.names))
        st.caption(
            _(
                "Loading the file imports these names in isolation. Your approval holds for these bytes and list {list}.",
                list=code(list_version),
            )
        )
        with st.container(horizontal=True):
            if st.button(_("Approve these names"), icon=":material/verified_user:"):
                return "approve"
            if st.button(_("Refuse the file"), icon=":material/block:"):
                return "refuse"
    return None
