"""What is on record of a use case, and the form that changes it."""

from collections.abc import Mapping

import streamlit as st

from app.ui import badges
from app.ui.law_words import in_language
from app.ui.text import md, paragraphs
from app.ui.use_case_fields import applications_field, risk_questions
from core.assets.registry.lawful_basis import LAWFUL_BASIS_NAMES, LawfulBasis, basis_name
from core.assets.registry.risk import RiskQuestion, lower, questionnaire, tier
from core.assets.registry.usecase import RISK_NAMES, TASK_NAMES, RiskTier, UseCase, UseCaseEdit
from core.i18n import _, day


def use_case_facts(case: UseCase, owner: str) -> None:
    """Draw every fact of the use case; an empty one says so."""
    empty = badges.badge(_("empty"), badges.Tone.WARN, "edit_note")
    facts = {
        _("Purpose"): paragraphs(case.purpose),
        _("Owner"): md(owner),
        _("What the model predicts"): md(_(TASK_NAMES[case.task])),
        _("Risk tier"): badges.tier(case.risk_tier.value),
        _("Affected people"): md(case.affected_people),
        _("Lawful basis"): md(_(basis_name(case.lawful_basis))) if case.lawful_basis else "",
        _("Human oversight"): paragraphs(case.human_oversight) if case.human_oversight else "",
        _("Consuming applications"): md(", ".join(case.applications)),
        _("Currency"): md(case.currency),
        _("Defined on"): md(day(case.created_at)),
    }
    st.table(
        {
            _("Field"): [f"**{name}**" for name in facts],
            _("Value"): [text or empty for text in facts.values()],
        },
        border="horizontal",
        hide_index=True,
    )


def risk_answers(case: UseCase) -> None:
    """Draw the questionnaire as it was answered; say so where the tier was set without it."""
    if not case.risk_answers:
        st.caption(_("The tier was set without the questionnaire."))
        return
    for asked in questionnaire().questions:
        yes = case.risk_answers.get(asked.id.value, False)
        mark = badges.badge(_("yes") if yes else _("no"), icon="")
        st.markdown(f"{mark} {in_language(asked.text)} :gray[:small[{asked.source}]]")
        if yes and asked.warning:
            st.warning(in_language(asked.warning), icon=":material/gavel:")
    come_to = tier({RiskQuestion(name): answer for name, answer in case.risk_answers.items()})
    if come_to is not case.risk_tier:
        words = _(
            "These answers come to “{tier}”; a person chose a higher tier.", tier=_(RISK_NAMES[come_to])
        )
        st.caption(":material/info: " + words)


def use_case_edit(case: UseCase, people: Mapping[str, str], *, key: str) -> UseCaseEdit | None:
    """Draw the form; return what it holds when it is saved. `people` are names by id, of who may own it."""
    title = st.text_input(_("Title"), value=case.title, max_chars=120, key=f"{key}_title")
    purpose = st.text_area(_("Purpose"), value=case.purpose, max_chars=2000, key=f"{key}_purpose")
    owners = {case.owner_id: people.get(case.owner_id, "–"), **people}
    owner = st.selectbox(
        _("Owner"), list(owners), format_func=lambda one: owners.get(one, "–"), index=0, key=f"{key}_owner"
    )
    bases: list[str] = [basis.value for basis in LAWFUL_BASIS_NAMES]
    if case.lawful_basis and case.lawful_basis not in bases:
        bases.insert(0, case.lawful_basis)
    basis = st.selectbox(
        _("Lawful basis"),
        bases,
        index=bases.index(case.lawful_basis) if case.lawful_basis else None,
        format_func=lambda one: _(LAWFUL_BASIS_NAMES[LawfulBasis(one)]) if one in set(LawfulBasis) else one,
        placeholder=_("Choose one"),
        key=f"{key}_basis",
    )
    affected = st.text_input(
        _("Affected people"), value=case.affected_people, max_chars=300, key=f"{key}_affected"
    )
    oversight = st.text_input(
        _("Human oversight"), value=case.human_oversight, max_chars=300, key=f"{key}_oversight"
    )
    applications = applications_field(key, case.applications)
    answers = risk_questions(key, case.risk_answers)
    least = tier(answers)
    allowed = [one for one in RiskTier if not lower(one, least)]
    chosen = st.selectbox(
        _("Risk tier"),
        allowed,
        index=0 if lower(case.risk_tier, least) else allowed.index(case.risk_tier),
        format_func=lambda one: _(RISK_NAMES[one]),
        help=_("Never lower than what the answers come to."),
        key=f"{key}_tier_{least.value}",
    )
    if not st.button(_("Save the use case"), icon=":material/save:", key=f"{key}_save"):
        return None
    return UseCaseEdit(
        title=title,
        purpose=purpose,
        owner_id=owner,
        risk_tier=chosen,
        risk_answers={question.value: answer for question, answer in answers.items()},
        lawful_basis=basis or "",
        affected_people=affected,
        human_oversight=oversight,
        applications=tuple(applications),
    )
