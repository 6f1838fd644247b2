"""Models: find a use case and the model that serves it."""

import streamlit as st

from app.ui import badges
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.model_row import Summary, matching, row
from app.wiring import reading
from core.assets.registry import queries as registry
from core.assets.registry.usecase import RISK_NAMES
from core.assets.registry.version import STATE_NAMES
from core.decisions.releases import queries as released
from core.evidence.monitoring import queries as monitoring
from core.i18n import _, ngettext
from core.platform.access import queries as access

PER_PAGE = 40

with reading() as view:
    use_cases = registry.use_cases(view)
    versions = registry.versions(view)
    owners = access.names(view, {case.owner_id for case in use_cases})
    running = released.deployments(view, environment="production", only_live=True)
    watched = monitoring.health(view)
    waiting = {release.version.use_case_id for release in released.open_releases(view)}

newest = {}
for version in versions:
    newest.setdefault(version.use_case_id, version)


live = {one.use_case_id: one.version_id for one in running}


def stages_of(use_case_id: str) -> tuple[str, ...]:
    found = [word for word, where in (("live", live), ("in_review", waiting)) if use_case_id in where]
    if not found and use_case_id in newest:
        found = [newest[use_case_id].state.value]
    return tuple(found)


def open_alerts(use_case_id: str) -> int | None:
    """Alerts of the version that decides now; of the newest one before any is live."""
    newest_id = newest[use_case_id].id if use_case_id in newest else ""
    known = watched.get(live.get(use_case_id, newest_id))
    return None if known is None else known.open_alerts


summaries = [
    Summary(
        slug=case.slug,
        title=case.title,
        owner=owners.get(case.owner_id, ""),
        tier=case.risk_tier.value,
        stages=stages_of(case.id),
        latest=newest[case.id].number if case.id in newest else None,
        model=newest[case.id].model_name if case.id in newest else "",
        open_alerts=open_alerts(case.id),
    )
    for case in use_cases
]

with page_header(_("Models")):
    if st.button(_("Upload a model"), type="primary", icon=":material/upload_file:"):
        st.switch_page("../pages/upload.py")

if not summaries:
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
    tiers = st.multiselect(
        _("Risk tier"),
        [tier.value for tier in RISK_NAMES],
        format_func={tier.value: _(name) for tier, name in RISK_NAMES.items()}.__getitem__,
        key="tier",
        bind="query-params",
        width=240,
    )
    stage_names = {"live": _("Live"), "in_review": _("Awaiting sign-off")}
    stage_names |= {state.value: _(name) for state, name in STATE_NAMES.items()}
    stages = st.multiselect(
        _("Stage"),
        list(stage_names),
        format_func=stage_names.__getitem__,
        key="stage",
        bind="query-params",
        width=240,
    )

found = matching(summaries, words or "", tiers, stages)
if not found:
    empty(_("Nothing matches these filters"), icon="filter_alt_off")
    st.page_link("../pages/models.py", label=_("Clear the filters"), icon=":material/filter_alt_off:")
    st.stop()

pages = -(-len(found) // PER_PAGE)
page = (
    min(int(st.query_params.get("page", "1") or 1), pages)
    if st.query_params.get("page", "1").isdigit()
    else 1
)
with card(_("Use cases"), badges.badge(ngettext("{n} use case", "{n} use cases", len(found)))):
    for summary in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        row(summary)
if pages > 1:
    with st.container(horizontal=True):
        if page > 1:
            st.page_link("../pages/models.py", label=_("Previous"), query_params={"page": str(page - 1)})
        if page < pages:
            st.page_link("../pages/models.py", label=_("Next"), query_params={"page": str(page + 1)})
