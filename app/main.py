"""Streamlit's entry: page config, identity, language, navigation over `../pages`."""

from pathlib import Path
from typing import Literal

import streamlit as st

from app.session import current, forget
from app.ui.demo_banner import demo_banner
from app.ui.emergency import debt_banner
from app.ui.html_lang import html_lang
from app.ui.person_menu import person_menu
from app.ui.reader import follow_session, language_switch, start_in
from app.wiring import reading, store, unit_of_work
from core.decisions.releases import pledges
from core.i18n import _, language
from core.platform.access.commands import choose_language
from core.platform.access.permissions import ROLE_NAMES, Role
from core.platform.access.queries import house, names

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"


def navigation() -> list[st.Page]:
    """Return the pages in the order of the work: look, bring, measure, explain, decide, prove."""
    return [
        _page("overview", _("Overview"), "space_dashboard", default=True),
        _page("inbox", _("Inbox"), "inbox"),
        _page("models", _("Models"), "deployed_code"),
        _page("model", _("Model"), "deployed_code", visibility="hidden"),
        _page("upload", _("Upload"), "upload_file"),
        _page("kpis", _("KPIs"), "target"),
        _page("worth", _("Value"), "payments"),
        _page("monitoring", _("Monitoring"), "monitoring"),
        _page("model_health", _("Model health"), "vital_signs"),
        _page("alerts", _("Alerts"), "notifications"),
        _page("alert", _("Alert"), "notifications", visibility="hidden"),
        _page("incident", _("Incidents"), "emergency_home", visibility="hidden"),
        _page("alert_rules", _("Monitoring rules"), "rule", visibility="hidden"),
        _page("explainability", _("Explainability"), "account_tree"),
        _page("fairness", _("Fairness"), "groups"),
        _page("releases", _("Releases"), "approval"),
        _page("release_review", _("Release review"), "approval", visibility="hidden"),
        _page("scoring", _("Scoring"), "bolt"),
        _page("retraining", _("Retraining"), "model_training"),
        _page("shadow", _("Shadow runs"), "visibility"),
        _page("decisions", _("Decision log"), "quick_reference_all"),
        _page("loop_time", _("Loop time"), "autorenew"),
        _page("policies", _("Policies"), "policy"),
        _page("reviews", _("Reviews"), "support_agent"),
        _page("compliance", _("Compliance"), "balance"),
        _page("document", _("Document"), "description", visibility="hidden"),
        _page("glossary", _("Glossary"), "menu_book"),
        _page("audit_trail", _("Audit trail"), "history"),
        _page("settings", _("Settings"), "settings"),
    ]


def _page(
    name: str,
    title: str,
    icon: str,
    *,
    default: bool = False,
    visibility: Literal["visible", "hidden"] = "visible",
) -> st.Page:
    path = PAGES / f"{name}.py"
    return st.Page(
        path, title=title, icon=f":material/{icon}:", url_path=name, default=default, visibility=visibility
    )


def _remember(chosen: str) -> None:
    me = current().actor
    with unit_of_work(me) as uow:
        choose_language(uow, chosen)
    forget(me.id)


def main() -> None:
    """Draw the shell, then the page that was asked for."""
    static = HERE / "static"
    st.set_page_config(
        page_title="Aval",
        page_icon=str(static / "icon.svg"),
        layout="wide",
        initial_sidebar_state=248,
    )
    follow_session()
    reader = current()
    start_in(reader.language)
    st.logo(
        str(static / f"logo_{st.context.theme.type or 'light'}.svg"),
        size="large",
        icon_image=str(static / "icon.svg"),
    )
    page = st.navigation(navigation(), expanded=True)
    with st.sidebar:
        st.space("small")
        language_switch(_remember)
        roles = [_(ROLE_NAMES[Role(role)]) for role in sorted(reader.actor.roles)]
        person_menu(reader.person.name, roles)
    html_lang(language())
    with reading() as view:
        demo = house(view) == "demo"
        debts = pledges.debts(view)
        reviewers = names(view, {debt.reviewer_id for debt in debts}) if debts else {}
    if demo:
        demo_banner()
    if debts:
        debt_banner(debts, reviewers, store().clock())
    page.run()


main()
