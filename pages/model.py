"""Model: the record of one use case and of each version that serves it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import record as records
from app.session import current
from app.ui import data_notes
from app.ui.bundle_parts import bundle_table
from app.ui.card import card, page_header
from app.ui.card_document import card_downloads, card_history
from app.ui.empty import empty
from app.ui.evaluation import evaluation_view
from app.ui.lineage import lineage
from app.ui.lineage_graph import lineage_graph
from app.ui.lineage_record import stages
from app.ui.model_card import card_form, card_view
from app.ui.model_data import data_view
from app.ui.model_header import marks, no_model, no_version
from app.ui.model_versions import versions_table
from app.ui.names_review import names_review
from app.ui.picker import pick, pick_use_case, pick_version, switch, tabs
from app.ui.refused import refusals, refusals_end_page
from app.ui.release_request import release_request
from app.ui.text import md
from app.ui.timeline import timeline
from app.ui.upload_result import upload_result, version_facts
from app.ui.use_case_record import risk_answers, use_case_edit, use_case_facts
from app.ui.version_comparison import version_comparison
from app.wiring import reading, unit_of_work
from core.assets.datasets import commands as dataset_commands
from core.assets.datasets import queries as datasets
from core.assets.intake import commands as intake_commands
from core.assets.intake import known
from core.assets.intake import queries as intake
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.card import AUDIENCE_NAMES, Audience, for_audience
from core.assets.registry.card_export import FORMS, Head
from core.assets.registry.version import VersionState
from core.decisions.releases import commands as release_commands
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
with refusals_end_page(), reading() as view:
    record = records.record(view, slug, chosen)
case, version = record.use_case, record.version


def do(deed: Callable[..., object]) -> None:
    """Run one command and draw the page again; a refusal is shown in place."""
    with refusals():
        with unit_of_work(me) as uow:
            deed(uow)
        st.rerun()


def request(where: str, note: str) -> None:
    with unit_of_work(me) as uow:
        asked = release_commands.request_release(uow, version_id=version.id, environment=where, note=note)
    st.switch_page("../pages/release_review.py", query_params={"release": asked})


def of_versions() -> None:
    with card(_("All versions")):
        versions_table(record.versions, record.names, record.live)
    others = {str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(versions) if v is not version}
    with card(_("Side by side")):
        other = pick(_("Compare with"), others, param="with", newest_first=True, label_visibility="visible")
        before = next((v for v in versions if str(v.number) == other), None)
        if before is None:
            st.caption(_("A second version appears here beside the first."))
    if before is not None:
        with reading() as view:
            sides = records.side(view, before), records.side(view, version)
            explained = records.explained(view, before, version)
        version_comparison(*sides, *explained)


def of_use_case() -> None:
    with card(_("Use case")):
        use_case_facts(case, record.names.get(case.owner_id, "–"))
    with card(_("Risk questionnaire")):
        risk_answers(case)
    if allowed(me, Permission.DEFINE_USE_CASE) and st.toggle(_("Edit the use case")):
        with card(_("Edit the use case")):
            with reading() as view:
                owners = records.owners(view)
            changed = use_case_edit(case, owners, key=f"edit_{case.id}")
            if changed is not None:
                do(lambda uow: registry_commands.edit_use_case(uow, case.id, changed))


def of_card() -> None:
    with reading() as view:
        found, revisions = intake.card(view, version.id), registry.card_revisions(view, version.id)
        names = access.names(view, {r.author_id for r in revisions})
    words = {audience.value: _(name) for audience, name in AUDIENCE_NAMES.items()}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        audience = Audience(switch(_("Audience"), words, param="audience"))
        head = Head(case.slug, case.title, version.model_name, version.number, version.artifact_digest)
        with refusals():
            card_downloads(
                f"{slug}-v{version.number}-{audience}", lambda form: FORMS[form](found, head, audience)
            )
    card_view(for_audience(found, audience))
    if allowed(me, Permission.UPLOAD_MODEL):
        with card(_("What only people know")):
            changed = card_form(found, key=f"card_{version.id}_{found.revision}")
            if changed is not None:
                do(lambda uow: registry_commands.edit_card(uow, version.id, changed))
    with card(_("Revisions")):
        card_history(revisions, names)


def of_evaluation() -> None:
    st.markdown(version_facts(version))
    if record.evaluation is not None:
        evaluation_view(record.evaluation, key=f"evaluation_{version.id}")
    elif version.state is VersionState.CHECKING:
        empty(_("The checks are still running"), icon="hourglass_top")
    else:
        upload_result(version, None)
    if version.state is VersionState.RECEIVED and allowed(me, Permission.REVIEW_NAMES):
        listed = known.current().version
        answer = names_review(version, listed)
        if answer == "approve":
            do(lambda uow: intake_commands.approve_names(uow, version.id, list_version=listed))
        elif answer == "refuse":
            do(lambda uow: intake_commands.refuse_names(uow, version.id))


def of_data() -> None:
    with reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
        by = access.names(view, {dataset.flags_confirmed_by}).get(dataset.flags_confirmed_by, "")
        bundle = registry.bundle(view, version.id)
    with card(md(dataset.name)):
        data_view(dataset, version)
    may, features, key = allowed(me, Permission.DESCRIBE_DATA), version.table_columns, dataset.id
    with card(_("Who the data is about"), data_notes.flags_standing(dataset, by)):
        flags = data_notes.flags_form(dataset, key=key) if may else data_notes.flags_named(dataset)
        if flags is not None:
            chosen = {"personal": flags.personal, "sensitive": flags.sensitive}
            do(lambda uow: dataset_commands.confirm_flags(uow, dataset.id, **chosen))
    with card(_("What each feature is for")):
        data_notes.purposes_progress(dataset, features)
        written = data_notes.purposes_form(dataset, features, key=f"{key}_purposes") if may else None
        if written:
            do(lambda uow: dataset_commands.write_purposes(uow, dataset.id, written))
    with card(_("Released together")):
        bundle_table(bundle, version.requirements)


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
    with reading() as view:
        timeline(records.happened(view, case, version))


header = marks(case, version, record.live)
with page_header(md(case.title), badges=header, trail=f"{_('Models')}  ›  {md(case.slug)}"):
    if version is not None and allowed(me, Permission.REQUEST_RELEASE):
        release_request(record.environments, request, disabled=version.state is not VersionState.READY)
if version is None:
    of_use_case()
    no_version()
    st.stop()

DRAW = {
    "versions": (_("Versions"), of_versions), "use_case": (_("Use case"), of_use_case), "card": (_("Card"), of_card),
    "evaluation": (_("Evaluation"), of_evaluation), "data": (_("Data"), of_data), "lineage": (_("Lineage"), of_lineage),
    "decisions": (_("Decisions"), of_decisions), "activity": (_("Activity"), of_activity),
}  # fmt: skip
for value, tab in tabs({value: words for value, (words, _draw) in DRAW.items()}).items():
    if tab.open:
        with tab:
            DRAW[value][1]()
