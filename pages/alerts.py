"""Alerts of all models: what is new, what is mine, what was put off and what is over."""

import streamlit as st

from app.session import current
from app.ui.alert_rows import alert_rows
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.incident_parts import incident_rows
from app.ui.picker import switch
from app.ui.progress import rerun_when_other
from app.ui.refused import refusals_end_page
from app.wiring import reading, store
from core.assets.registry import queries as registry
from core.decisions.incidents import queries as incidents
from core.evidence.alerts import queries
from core.evidence.alerts.alert import Care
from core.i18n import _, ngettext
from core.platform.access import queries as access

MOST = 60
me = current().actor
now = store().clock()
with refusals_end_page(), reading() as view:
    found = queries.alerts(view, limit=500)
    waiting = queries.open_counts(view)
    titles = {case.id: case.title for case in registry.use_cases(view)}
    models = {v.id: f"{titles.get(v.use_case_id, '')} v{v.number}" for v in registry.versions(view)}
    told = incidents.incidents(view, only_open=True)
    names = access.names(view, ({a.owner_id for a in found} | {i.owner_id for i in told}) - {""})

with page_header(_("Alerts")):
    shown = switch(
        _("Which"),
        {"open": _("Open"), "mine": _("Mine"), "snoozed": _("Snoozed"), "over": _("Over")},
        param="show",
    )

kept = {
    "open": lambda a: a.care(now) in {Care.NEW, Care.ESCALATED, Care.ACKNOWLEDGED},
    "mine": lambda a: a.open and a.owner_id == me.id,
    "snoozed": lambda a: a.care(now) is Care.SNOOZED,
    "over": lambda a: not a.open,
}[shown]
order = [Care.ESCALATED, Care.NEW, Care.ACKNOWLEDGED, Care.SNOOZED, Care.OVER]
listed = sorted(
    (a for a in found if kept(a)), key=lambda a: (order.index(a.care(now)), -a.raised_at.timestamp())
)
if not listed:
    empty(
        _("No alert here"),
        _("Rules raise one when a column or a metric moves beyond its limit."),
        icon="task_alt",
    )
else:
    with card(_("Alerts"), f":gray[{ngettext('{n} alert', '{n} alerts', len(listed))}]"):
        alert_rows(listed[:MOST], models, names, now)
        if len(listed) > MOST:
            st.caption(_("and {n} more", n=len(listed) - MOST))
if told:
    with card(_("Open incidents")):
        incident_rows(told, names)


def counted() -> object:
    with reading() as view:
        return queries.open_counts(view)


rerun_when_other(counted, waiting, every=10.0)
