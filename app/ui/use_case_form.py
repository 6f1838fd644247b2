"""Define a use case: what is decided, for whom, at what risk, on what legal ground."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from app.ui.use_case_fields import applications_field, risk_questions
from core.assets.registry.lawful_basis import LAWFUL_BASIS_NAMES, LawfulBasis
from core.assets.registry.risk import tier
from core.assets.registry.usecase import TASK_NAMES, RiskTier, Task
from core.i18n import _

CURRENCIES = ("BRL", "EUR", "USD")


@dataclass(frozen=True, slots=True)
class NewUseCase:
    """What the form holds; the command judges it."""

    slug: str
    title: str
    purpose: str
    task: Task
    risk_tier: RiskTier
    risk_answers: Mapping[str, bool]
    lawful_basis: str
    affected_people: str
    human_oversight: str
    applications: tuple[str, ...]
    currency: str


def slug_of(title: str) -> str:
    """Propose a name for addresses: letters without accents, digits and hyphens, at most 63."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].rstrip("-")


def use_case_form(key: str) -> NewUseCase | None:
    """Draw the form; return what it holds when the person asks to create it."""
    title = st.text_input(_("Title"), key=f"{key}_title", placeholder=_("Consumer credit"), max_chars=120)
    slug = st.text_input(
        _("Name in addresses"),
        key=f"{key}_slug",
        placeholder=slug_of(title) or "consumer-credit",
        help=_("Lower-case letters, digits and hyphens. Left empty, it follows the title."),
        max_chars=63,
    )
    purpose = st.text_area(
        _("Purpose"),
        key=f"{key}_purpose",
        placeholder=_("Which decision does the model serve, and what happens to a person because of it?"),
        height=80,
        max_chars=2000,
    )
    left, right = st.columns(2)
    with left:
        task = st.selectbox(
            _("What the model predicts"),
            list(TASK_NAMES),
            format_func=lambda value: _(TASK_NAMES[value]),
            key=f"{key}_task",
        )
        basis = st.selectbox(
            _("Lawful basis"),
            list(LAWFUL_BASIS_NAMES),
            format_func=lambda value: _(LAWFUL_BASIS_NAMES[value]),
            key=f"{key}_basis",
            index=None,
            placeholder=_("Choose one"),
        )
    with right:
        affected = st.text_input(
            _("Affected people"), key=f"{key}_affected", placeholder=_("Applicants for a loan"), max_chars=300
        )
        currency = st.selectbox(_("Currency"), CURRENCIES, key=f"{key}_currency")
    oversight = st.text_input(
        _("Human oversight"),
        key=f"{key}_oversight",
        placeholder=_("Who looks at a result, and may set it aside?"),
        max_chars=300,
    )
    applications = applications_field(key, ())
    answers = risk_questions(key)
    if not st.button(_("Create the use case"), icon=":material/add:", key=f"{key}_create"):
        return None
    return NewUseCase(
        slug=slug or slug_of(title),
        title=title,
        purpose=purpose,
        task=task or Task.BINARY,
        risk_tier=tier(answers),
        risk_answers={question.value: answer for question, answer in answers.items()},
        lawful_basis=basis.value if isinstance(basis, LawfulBasis) else "",
        affected_people=affected,
        human_oversight=oversight,
        applications=tuple(applications),
        currency=str(currency),
    )
