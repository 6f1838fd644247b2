"""The dossier of a decision, to be taken away and checked without Aval."""

import streamlit as st

from core.i18n import _


def dossier_button(release_id: str) -> None:
    """Draw the link that downloads the dossier; the page shows it once the release is decided."""
    st.link_button(
        _("Download the dossier"),
        f"/download/dossier/{release_id}",
        icon=":material/folder_zip:",
        help=_(
            "One ZIP: the model file and its signature, who approved it, the policy, the place in the audit log, and "
            "verify.py, which checks all of it offline."
        ),
    )
