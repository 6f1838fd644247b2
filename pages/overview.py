"""Overview: are our models healthy, and what waits for me."""

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.portfolio import attention_list, kpi_grid, model_lines, risk_matrix
from app.wiring import reading, store
from core.i18n import _, ngettext, number
from core.overview.portfolio import portfolio
from core.overview.stage import Stage
from core.platform.access import queries as access

KPIS, ITEMS, LINES = 10, 8, 12
me = current().actor

with reading() as view:
    found = portfolio(view, me, store().clock())
    owners = access.names(view, {line.owner_id for line in found.lines})

with page_header(_("Overview")):
    if found.lines:
        first = found.attention[0] if found.attention else None
        if st.button(
            _("Open what needs me"), type="primary", icon=":material/arrow_forward:", disabled=first is None
        ):
            st.switch_page(f"../pages/{first.page}.py", query_params=dict(first.query))

if not found.lines:
    empty(
        _("No models yet"),
        _("Upload one, or start Aval with its demo organisation: aval demo."),
        icon="space_dashboard",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

live = found.count(Stage.LIVE)
st.markdown(
    _("{healthy} of {live} live models are healthy.", healthy=number(found.healthy()), live=number(live))
    + " "
    + (
        ngettext("{n} thing waits for you.", "{n} things wait for you.", len(found.mine))
        if found.mine
        else _("Nothing waits for you.")
    )
)
if found.scores:
    titles = {line.use_case_id: line.title for line in found.lines}
    kpi_grid(found.scores[:KPIS], titles)
    if len(found.scores) > KPIS:
        st.page_link("../pages/kpis.py", label=_("All KPIs"), icon=":material/target:")

left, right = st.columns([1.25, 1], gap="medium")
with (
    left,
    card(
        _("Needs attention"),
        f":gray[{ngettext('{n} open release', '{n} open releases', found.waiting)}]",
    ),
):
    if found.attention:
        attention_list(found.attention[:ITEMS], store().clock())
    else:
        st.markdown(f":green[:material/check_circle:] {_('Everything is in order.')}")
    if len(found.attention) > ITEMS:
        st.caption(ngettext("and {n} more", "and {n} more", len(found.attention) - ITEMS))
with right, card(_("Risk and stage"), f":gray[{ngettext('{n} version', '{n} versions', found.versions)}]"):
    risk_matrix(found.matrix)

with card(_("Models"), f":gray[{ngettext('{n} use case', '{n} use cases', len(found.lines))}]"):
    model_lines(found.lines[:LINES], owners)
    if len(found.lines) > LINES:
        st.page_link("../pages/models.py", label=_("All models"), icon=":material/deployed_code:")
