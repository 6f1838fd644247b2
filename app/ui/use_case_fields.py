"""Fields that the definition and the editing of a use case share: the risk questionnaire, the consuming applications."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from core.assets.registry.risk import RISK_QUESTIONS, RiskQuestion, tier
from core.i18n import _


def risk_questions(key: str, given: Mapping[str, bool] | None = None) -> dict[RiskQuestion, bool]:
    """Ask the four questions and show the tier that the answers come to; `given` are earlier answers."""
    earlier = given or {}
    st.markdown(f"**{_('Risk')}**")
    answers = {
        question: st.toggle(
            _(text), value=earlier.get(question.value, False), key=f"{key}_risk_{question.value}"
        )
        for question, text in RISK_QUESTIONS.items()
    }
    st.markdown(
        f"{_('Risk tier from these answers:')} {badges.tier(tier(answers).value)}",
        help=_("The tier chooses the release policy."),
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
