"""Model: the record of one use case and of each version that serves it."""

import streamlit as st

from app import record as records
from app.conversations import talk
from app.looking import opened
from app.record_tabs import card_tab, data_tab, do, use_case_tab, versions_tab
from app.record_weak import weak_tab
from app.session import current
from app.ui.as_of import as_of_control, as_of_view
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.evaluation import evaluation_view
from app.ui.lineage import lineage
from app.ui.lineage_graph import lineage_graph
from app.ui.lineage_record import stages
from app.ui.model_header import marks, no_model, no_version
from app.ui.names_review import names_review
from app.ui.picker import pick_use_case, pick_version, tabs
from app.ui.refused import refusals_end_page
from app.ui.release_request import release_request
from app.ui.text import md
from app.ui.timeline import timeline
from app.ui.upload_result import upload_result, version_facts
from app.ui.upstream import upstream_view
from app.wiring import reading, store, unit_of_work
from core.assets.intake import commands as intake_commands
from core.assets.intake import known
from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.decisions.releases import as_of
from core.decisions.releases import commands as release_commands
from core.decisions.releases.oversight import Part
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor

with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
if not titles:
    no_model()
    st.stop()
with st.container(horizontal=True, gap="small"):
    slug = pick_use_case(titles) or ""
    with refusals_end_page(), reading() as view:
        versions = registry.versions(view, registry.use_case(view, slug).id)
    chosen = pick_version({str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(versions)})
    at = as_of_control(current().zone, store().clock().date())
if at is not None:
    with reading() as view:
        then = tuple(as_of.states(view, slug, at).values())
        signers = access.names(view, {s.person_id for each in then for s in each.signatures})
    as_of_view(then, signers, at)
    st.stop()
with refusals_end_page(), reading() as view:
    record = records.record(view, slug, chosen)
case, version = record.use_case, record.version


def request(where: str, note: str) -> None:
    with unit_of_work(me) as uow:
        asked = release_commands.request_release(uow, version_id=version.id, environment=where, note=note)
    st.switch_page("../pages/release_review.py", query_params={"release": asked})


def of_evaluation() -> None:
    st.markdown(version_facts(version))
    if record.evaluation is not None:
        evaluation_view(record.evaluation, key=f"evaluation_{version.id}")
    elif version.state is VersionState.CHECKING:
        empty(_("The checks are still running"), icon="hourglass_top")
    else:
        upload_result(version, None)
    if version.upstream is not None:
        upstream_view(version.upstream)
    if version.state is VersionState.RECEIVED and allowed(me, Permission.REVIEW_NAMES):
        listed = known.current().version
        answer = names_review(version, listed)
        if answer == "approve":
            do(me, lambda uow: intake_commands.approve_names(uow, version.id, list_version=listed))
        elif answer == "refuse":
            do(me, lambda uow: intake_commands.refuse_names(uow, version.id))


def of_lineage() -> None:
    with reading() as view:
        graph, details = records.lineage(view, case, version)
    with card(_("From the data to the predictions")):
        lineage_graph(graph, key=f"lineage_{version.id}")
    lineage(stages(graph, details))


def of_decisions() -> None:
    with reading() as view:
        found = records.decided(view, case)
    if not found:
        empty(_("No decision yet"), _("A release request opens this history."), icon="approval")
    timeline(found)


def of_activity() -> None:
    talk("version", version.id, me) if version is not None else talk("use_case", case.id, me)
    with reading() as view:
        timeline(records.happened(view, case, version))


header = marks(case, version, record.live)
with page_header(md(case.title), badges=header, trail=f"{_('Models')}  ›  {md(case.slug)}"):
    if version is not None and allowed(me, Permission.REQUEST_RELEASE):
        release_request(record.environments, request, disabled=version.state is not VersionState.READY)
if version is None:
    use_case_tab(record, me)
    no_version()
    st.stop()

DRAW = {
    "versions": (_("Versions"), lambda: versions_tab(record, version)),
    "use_case": (_("Use case"), lambda: use_case_tab(record, me)),
    "card": (_("Card"), lambda: card_tab(record, version, me)),
    "evaluation": (_("Evaluation"), of_evaluation),
    "weak": (_("Weak points"), lambda: weak_tab(version, me)),
    "data": (_("Data"), lambda: data_tab(version, me)),
    "lineage": (_("Lineage"), of_lineage),
    "decisions": (_("Decisions"), of_decisions),
    "activity": (_("Activity"), of_activity),
}
SEEN = {"card": Part.CARD, "weak": Part.WEAK}
for value, tab in tabs({value: words for value, (words, _draw) in DRAW.items()}).items():
    if tab.open:
        with tab:
            DRAW[value][1]()
        if value in SEEN:
            opened(version.id, SEEN[value])
