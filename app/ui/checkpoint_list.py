"""Checkpoints of the log: how much is sealed, since when, and who holds the notes."""

from collections.abc import Sequence

import streamlit as st

from core.i18n import _, moment, number
from core.platform.audit.queries import KeptCheckpoint


def checkpoint_list(found: Sequence[KeptCheckpoint]) -> None:
    """Draw the newest checkpoints, with the newest note to take away."""
    if not found:
        st.caption(_("No checkpoint yet: the first one is signed within a minute of the first entry."))
        return
    st.dataframe(
        {
            "size": [each.size for each in found],
            "time": [moment(each.time) for each in found],
            "places": [", ".join(each.places) or _("this installation only") for each in found],
            "key": [each.key.split("+", 2)[1] for each in found],
        },
        column_config={
            "size": st.column_config.NumberColumn(_("Entries sealed"), width="small", format="localized"),
            "time": st.column_config.TextColumn(_("Time"), width="medium"),
            "places": st.column_config.TextColumn(_("Held by"), width="large"),
            "key": st.column_config.TextColumn(_("Key"), width="small"),
        },
        hide_index=True,
        key="checkpoints",
        alt=_("Checkpoints of the audit trail, newest first"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            _("Newest note"),
            found[0].note.encode(),
            file_name=f"checkpoint-{found[0].size:012d}.note",
            mime="text/plain",
            icon=":material/verified:",
            on_click="ignore",
            help=_(
                "Keep it where this installation cannot write: `aval audit verify --against` then finds any change."
            ),
        )
        if not found[0].places:
            st.caption(
                ":material/info: "
                + _("Nobody else holds a checkpoint yet. Name places in AVAL_CHECKPOINT_TO.")
            )


def sealed_words(size: int, last: KeptCheckpoint | None) -> tuple[str, str]:
    """Return how many entries are sealed and a word on the rest."""
    sealed = last.size if last else 0
    new = size - sealed
    return number(sealed), _("all of them") if new == 0 else _("{n} not yet", n=number(new))
