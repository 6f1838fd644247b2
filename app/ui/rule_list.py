"""A model told in a few rules, with how much of it they tell."""

import math

import streamlit as st

from app.ui.empty import note
from app.ui.text import md
from core.evidence.explain.surrogate import Surrogate
from core.evidence.explain.words import significant
from core.i18n import _, number, percent

LITTLE = 0.5
"""A share of the scores below which the rules are no summary to rely on."""


def rule_list(found: Surrogate, *, unit: str) -> None:
    """Draw the rules as a table, the highest answer first, under how much of the scores they tell."""
    if math.isnan(found.fidelity):
        note(_("The scores hardly vary: there is nothing to tell in rules."))
        return
    said = _(
        "These {n} rules tell {share} of how the scores vary, measured on rows that they were not made from.",
        n=number(len(found.rules), 0),
        share=percent(max(found.fidelity, 0.0), 0),
    )
    if found.fidelity < LITTLE:
        st.warning(f"{said} {_('That is too little to understand the model by.')}", icon=":material/rule:")
    else:
        st.markdown(md(said))
    st.table(
        {
            _("Where"): [
                md(" · ".join(c.text() for c in rule.conditions) or _("all rows")) for rule in found.rules
            ],
            _("Mean score, {unit}", unit=unit): [md(significant(rule.mean)) for rule in found.rules],
            _("Share of rows"): [percent(rule.share, 0) for rule in found.rules],
        },
        border="horizontal",
        hide_index=True,
    )
    note(
        _(
            "A summary of the model by a small tree over its own scores; the model itself decides otherwise in places."
        )
    )
