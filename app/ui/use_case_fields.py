"""Fields that the definition and the editing of a use case share: the risk questionnaire, the consuming applications."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.law_words import in_language
from core.assets.registry.risk import RiskQuestion, questionnaire, tier
from core.i18n import _


def risk_questions(key: str, given: Mapping[str, bool] | None = None) -> dict[RiskQuestion, bool]:
    """Ask each question, name the articles behind it, and show the tier that the answers come to.

    `given` are earlier answers.
    """
    earlier = given or {}
    st.markdown(f"**{_('Risk')}**")
    answers = {}
    for asked in questionnaire().questions:
        answers[asked.id] = st.toggle(
            f"{in_language(asked.text)}  \n:gray[:small[{asked.source}]]",
            value=earlier.get(asked.id.value, False),
            key=f"{key}_risk_{asked.id.value}",
        )
        if answers[asked.id] and asked.warning:
            st.warning(in_language(asked.warning), icon=":material/gavel:")
    st.markdown(
        f"{_('Risk tier from these answers:')} {badges.tier(tier(answers).value)}",
        help=_(
            "The tier chooses the release policy, the areas that sign, and the documents that are asked for."
        ),
    )
    return answers


def applications_field(key: str, given: Sequence[str]) -> list[str]:
    """Ask which applications use the model's answers; each is typed in."""
    return st.multiselect(
        _("Consuming applications"),
        list(given),
        default=list(given),
        accept_new_options=True,
        placeholder=_("Type a name and press Enter"),
        help=_("Where the model's answers are used: a system, a counter, an app."),
        key=f"{key}_applications",
    )
