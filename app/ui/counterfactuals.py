"""What would change a decision: each way as a small table of now and then."""

import streamlit as st

from app.ui import badges
from app.ui.empty import note
from app.ui.text import md
from core.evidence.explain import labels
from core.evidence.recourse import words
from core.evidence.recourse.case import CaseAnswer
from core.evidence.recourse.counterfactual import Counterfactual
from core.i18n import _


def counterfactuals(answer: CaseAnswer) -> None:
    """Draw what would change the decision, fewest changes first, or say that nothing would within the limits."""
    st.markdown(f"**{md(words.decision(answer))}**")
    if not answer.cases:
        st.markdown(f":material/block: {md(words.nothing(answer))}")
        return
    for place, found in enumerate(answer.cases, 1):
        st.markdown(f"**{place}.** {md(words.outcome(found))}")
        st.table(_rows(found), border="horizontal", hide_index=True)
    note(
        _(
            "Each way was asked of the model itself and flips its decision. Values are ones that were observed; "
            "protected attributes never change."
        )
    )


def _rows(found: Counterfactual) -> list[dict[str, str]]:
    rows = []
    for change in found.changes:
        name = md(labels.label(change.feature).name)
        follows = badges.badge(_("follows"), badges.Tone.PLAIN) if change.follows else ""
        rows.append(
            {
                _("Feature"): f"{name} {follows}".strip(),
                _("Now"): md(labels.told(change.feature, change.before)),
                _("Would be"): f"**{md(labels.told(change.feature, change.after))}**",
            }
        )
    return rows
