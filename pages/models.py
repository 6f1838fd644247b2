"""Models: find a use case and the model that serves it."""

import streamlit as st

from app.model_list import summaries
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.model_row import matching, row
from app.ui.picker import pick_many
from app.wiring import reading
from core.assets.registry.usecase import RISK_NAMES
from core.assets.registry.version import STATE_NAMES
from core.i18n import _, ngettext

PER_PAGE = 40

with reading() as view:
    found = summaries(view)

with page_header(_("Models")):
    if st.button(_("Upload a model"), type="primary", icon=":material/upload_file:"):
        st.switch_page("../pages/upload.py")

if not found:
    empty(
        _("No models yet"),
        _("A use case comes first: what is decided, for whom, at what risk. Then its first model."),
        icon="deployed_code",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    words = st.text_input(
        _("Search"),
        key="q",
        bind="query-params",
        placeholder=_("Use case, model or owner"),
        type="search",
        width=320,
    )
    tiers = pick_many(_("Risk tier"), {t.value: _(name) for t, name in RISK_NAMES.items()}, param="tier")
    stage_names = {"live": _("Live"), "in_review": _("Awaiting sign-off")}
    stage_names |= {state.value: _(name) for state, name in STATE_NAMES.items()}
    stages = pick_many(_("Stage"), stage_names, param="stage")

found = matching(found, words or "", tiers, stages)
if not found:
    empty(_("Nothing matches these filters"), icon="filter_alt_off")
    st.page_link("../pages/models.py", label=_("Clear the filters"), icon=":material/filter_alt_off:")
    st.stop()

pages = -(-len(found) // PER_PAGE)
asked = st.query_params.get("page", "1")
page = min(max(int(asked), 1), pages) if asked.isdigit() else 1
with card(_("Use cases"), badges.badge(ngettext("{n} use case", "{n} use cases", len(found)))):
    for summary in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        row(summary)
if pages > 1:
    kept = {name: st.query_params.get_all(name) for name in ("q", "tier", "stage")}
    with st.container(horizontal=True):
        for number, label in ((page - 1, _("Previous")), (page + 1, _("Next"))):
            if 1 <= number <= pages:
                st.page_link("../pages/models.py", label=label, query_params={**kept, "page": str(number)})
