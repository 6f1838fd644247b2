"""What the signer has opened, and the reminder that figures do not decide (EU AI Act, article 14)."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.decisions.releases.oversight import KEPT, PART_NAMES, Part
from core.i18n import _


def before_signing(opened: Sequence[str], links: Mapping[Part, str]) -> None:
    """Draw each part with its link, opened or not; why it is recorded, and for how long."""
    marks = []
    for part in Part:
        done = part.value in opened
        icon = ":green[:material/visibility:]" if done else ":gray[:material/visibility_off:]"
        marks.append(f"{icon} [{_(PART_NAMES[part])}]({links[part]})")
    st.markdown(f"**{_('Before you sign')}**  \n" + "  ·  ".join(marks))
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
