"""The prediction logs of Settings: what holds for each use case, and changing it."""

import streamlit as st

from app.ui.card import card
from app.ui.empty import empty
from app.ui.log_form import log_form, log_table
from app.ui.picker import pick_use_case
from app.ui.refused import may_not, refusals
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.evidence.monitoring import commands, queries
from core.evidence.monitoring.location import LogSetting
from core.i18n import _
from core.platform.access.permissions import ROLE_NAMES, Permission, Role, allowed
from core.platform.store import Actor


def log_settings(actor: Actor) -> None:
    """Draw the tab: everybody reads it, whoever may manage settings changes it."""
    with reading() as view:
        cases, settings = registry.use_cases(view), queries.log_settings(view)
    with card(_("Where predictions are kept, and how long")):
        if not cases:
            empty(_("No use cases"), _("The log of a use case is set once the use case is defined."))
            return
        log_table(cases, settings)
    if not allowed(actor, Permission.MANAGE_SETTINGS):
        may_not(_("Prediction logs are looked after by administrators."), _(ROLE_NAMES[Role.ADMINISTRATOR]))
        return
    with card(_("Change where it lies")), refusals():
        slug = pick_use_case({one.slug: one.title for one in cases})
        case = next(one for one in cases if one.slug == slug)
        asked = log_form(case.slug, settings.get(case.id, LogSetting()))
        if asked:
            with unit_of_work(actor) as uow:
                commands.set_log(uow, case.id, asked)
            st.rerun()
