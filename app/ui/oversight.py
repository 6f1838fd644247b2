"""What the signer has opened, and the reminder that figures do not decide (EU AI Act, article 14)."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.decisions.releases.oversight import KEPT, PART_NAMES, Part
from core.i18n import _

_PAGES: Mapping[Part, tuple[str, str]] = {
    Part.EXPLANATION: ("explainability", ""),
    Part.FAIRNESS: ("fairness", ""),
    Part.CARD: ("model", "card"),
    Part.WEAK: ("model", "weak"),
}
"""The page of each part, and its tab."""


def before_signing(opened: Sequence[str], use_case: str, version: int) -> None:
    """Draw a way to each part, opened or not; why that is recorded, and for how long."""
    st.markdown(f"**{_('Before you sign')}**")
    with st.container(horizontal=True, gap="small"):
        for part, (page, tab) in _PAGES.items():
            query = {"use_case": use_case, "version": str(version)} | ({"tab": tab} if tab else {})
            done = part.value in opened
            st.page_link(
                f"../pages/{page}.py",
                label=_(PART_NAMES[part]),
                icon=":material/visibility:" if done else ":material/visibility_off:",
                help=_("You have opened it.") if done else _("You have not opened it yet."),
                query_params=query,
            )
    st.caption(
        _(
            "Figures support your judgement and do not replace it: people tend to follow what a machine proposes, also "
            "when it is wrong. You may disagree with every gate that passed."
        ),
        help=_(
            "Your signature records which of these you had opened, to show that a person oversaw the decision "
            "(EU AI Act, article 14). What was opened without signing is forgotten after {n} days.",
            n=KEPT.days,
        ),
    )
