"""What drives the decisions of a version, against the one it would replace."""

import streamlit as st

from app.ui.empty import note
from app.ui.importance_bars import importance_bars, importance_dumbbell
from app.ui.text import md
from core.assets.registry.version import Version
from core.evidence.explain.queries import Explanation, comparison
from core.evidence.explain.words import agreement, unit_name
from core.i18n import _


def drivers(
    version: Version, explained: Explanation | None, champion: Version | None, before: Explanation | None
) -> None:
    """Draw the dumbbell of two versions, the bars of one, or the way to an explanation."""
    if explained is None:
        st.markdown(f":gray[:material/account_tree:] {_('No explanation is stored for this version.')}")
        st.page_link(
            "../pages/explainability.py",
            label=_("Explain this version"),
            icon=":material/arrow_forward:",
            query_params={"use_case": version.use_case_slug, "version": str(version.number)},
        )
        return
    compared = comparison(before, explained) if before else None
    if champion and compared and compared.comparable:
        importance_dumbbell(
            compared.pairs,
            left=_("v{number} champion", number=champion.number),
            right=_("v{number} candidate", number=version.number),
            unit=unit_name(explained),
            key="drivers",
        )
        note(md(agreement(compared)))
        return
    importance_bars(explained.importance, unit=unit_name(explained), key="drivers")
    if compared:
        note(_("The version before was explained by another question or in another unit: not compared."))
    else:
        note(_("There is no explained version before this one to compare with."))
