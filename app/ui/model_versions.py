"""The versions of a use case in a table."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import digest, md
from core.assets.registry.version import Version
from core.i18n import _, day

MOST = 20


def versions_table(
    versions: Sequence[Version], authors: Mapping[str, str], live: Mapping[str, Sequence[str]]
) -> None:
    """Draw versions newest first; `live` names the environments in which a version id is live."""
    shown = versions[:MOST]
    st.table(
        {
            _("Version"): [f"**v{v.number}**" for v in shown],
            _("Model"): [md(v.model_name) for v in shown],
            _("State"): [_state(v, live.get(v.id, ())) for v in shown],
            _("Author"): [md(authors.get(v.author_id, "")) or "–" for v in shown],
            _("Submitted"): [day(v.created_at) for v in shown],
            _("Format"): [md(v.format) for v in shown],
            _("Digest"): [digest(v.artifact_digest) for v in shown],
            _("Note"): [md(v.note) or "–" for v in shown],
        },
        border="horizontal",
        hide_index=True,
    )
    if len(versions) > MOST:
        st.caption(_("The {n} newest versions; choose an older one above.", n=MOST))


def _state(version: Version, environments: Sequence[str]) -> str:
    lives = (
        badges.badge(_("live: {where}", where=where), badges.Tone.GOOD, "rocket_launch")
        for where in environments
    )
    return badges.row(badges.status(version.state.value), *lives)
