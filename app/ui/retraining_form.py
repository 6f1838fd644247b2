"""Set when a retraining is proposed and whose consent it needs; propose one by hand."""

from collections.abc import Callable

import streamlit as st

from app.ui.refused import refusals
from core.decisions.retraining.policy import AREAS, Policy
from core.decisions.retraining.request import RECIPE_NAMES, Recipe
from core.i18n import _
from core.platform.access.permissions import ROLE_NAMES, Role


def policy_button(held: Policy, send: Callable[[Policy], None]) -> None:
    """Draw the button; its dialog calls `send` with the policy."""

    @st.dialog(_("When to propose a retraining"), icon=":material/tune:", width="large")
    def ask() -> None:
        left, right = st.columns(2)
        alerts = left.number_input(
            _("Open alerts of drift or performance"), 0, 100, held.alerts, help=_("0 switches it off.")
        )
        kpi = left.toggle(_("A KPI beyond its critical limit"), held.kpi)
        every = right.number_input(
            _("Age of the live version, days"), 0, 3650, held.every_days, help=_("0 switches it off.")
        )
        labels = right.number_input(
            _("New outcomes since it was trained"),
            0,
            10**9,
            held.labels,
            step=1000,
            help=_("0 switches it off."),
        )
        rest = left.number_input(_("Days between two proposals"), 0, 365, held.rest_days)
        complete = left.number_input(
            _("Days until outcomes are complete"),
            0,
            3650,
            held.outcome_days,
            help=_("Rows younger than that are neither trained nor judged on. 0: nobody knows."),
        )
        areas = right.pills(
            _("Whose consent"),
            [area.value for area in AREAS],
            selection_mode="multi",
            default=[area.value for area in held.areas],
            format_func=lambda value: _(ROLE_NAMES[Role(value)]),
        )
        st.caption(
            _("A policy only proposes. People decide, and what a run makes is released like any version.")
        )
        if st.button(_("Set the policy"), type="primary"):
            with refusals():
                chosen = tuple(area for area in AREAS if area.value in areas)
                send(Policy(int(alerts), kpi, int(every), int(labels), int(rest), int(complete), chosen))

    if st.button(_("Policy"), icon=":material/tune:"):
        ask()


def propose_button(send: Callable[[Recipe], None]) -> None:
    """Draw the button; its dialog calls `send` with the way in which the challenger is made."""

    @st.dialog(_("Propose a retraining"), icon=":material/model_training:")
    def ask() -> None:
        recipe = st.radio(
            _("How"), [one.value for one in Recipe], format_func=lambda value: _(RECIPE_NAMES[Recipe(value)])
        )
        if st.button(_("Propose"), type="primary", icon=":material/model_training:"):
            with refusals():
                send(Recipe(recipe))

    if st.button(_("Propose a retraining"), icon=":material/model_training:"):
        ask()
