"""Model: the record of one use case and of each version that serves it."""

import streamlit as st

from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.evaluation import evaluation_view
from app.ui.lineage import lineage
from app.ui.model_card import card_form, card_view
from app.ui.model_data import data_view
from app.ui.model_record import activity, decisions, stages
from app.ui.model_versions import comparison, versions_table
from app.ui.names_review import names_review
from app.ui.picker import pick, pick_use_case, pick_version
from app.ui.refused import refusals, refusals_end_page
from app.ui.release_request import release_request
from app.ui.text import md
from app.ui.timeline import timeline
from app.ui.upload_result import upload_result, version_facts
from app.wiring import reading, unit_of_work
from core.assets.datasets import queries as datasets
from core.assets.intake import commands as intake_commands
from core.assets.intake import known
from core.assets.intake import queries as intake
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.lawful_basis import basis_name
from core.assets.registry.usecase import TASK_NAMES
from core.assets.registry.version import VersionState
from core.decisions.releases import commands as release_commands
from core.decisions.releases import queries as released
from core.evidence.monitoring import queries as monitoring
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.audit import queries as audit

me = current().actor

with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
if not titles:
    empty(
        _("No models yet"),
        _("Upload a model, or define its use case first."),
        icon="deployed_code",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

choosers = st.container(horizontal=True, gap="small")
with choosers:
    slug = pick_use_case(titles)
with refusals_end_page(), reading() as view:
    use_case = registry.use_case(view, slug or "")
    versions = registry.versions(view, use_case.id)
    deployments = released.deployments(view, use_case.id)
    requests = released.releases(view, use_case_id=use_case.id)
    environments = released.environments(view, use_case.risk_tier)
with choosers:
    numbers = {str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(versions)}
    chosen = pick_version(numbers)
version = next((v for v in versions if str(v.number) == chosen), None)
with reading() as view:
    evaluation = intake.evaluation(view, version.id) if version else None
    people = {use_case.owner_id, *(v.author_id for v in versions)}
    names = access.names(view, people)

live = {}
for one in deployments:
    if one.ended_at is None:
        live.setdefault(one.version_id, []).append(one.environment)


def send(where: str, note: str) -> None:
    with unit_of_work(me) as uow:
        request_id = release_commands.request_release(
            uow, version_id=version.id, environment=where, note=note
        )
    st.switch_page("../pages/release_review.py", query_params={"release": request_id})


lives = (
    [
        badges.badge(_("live: {where}", where=where), badges.Tone.GOOD, "rocket_launch")
        for where in live.get(version.id, ())
    ]
    if version
    else []
)
marks = badges.row(
    badges.tier(use_case.risk_tier.value),
    badges.badge(_(TASK_NAMES[use_case.task])),
    badges.status(version.state.value) if version else "",
    *lives,
)
with page_header(md(use_case.title), badges=marks, trail=f"{_('Models')}  ›  {md(use_case.slug)}"):
    if version is not None and allowed(me, Permission.REQUEST_RELEASE):
        release_request(environments, send, disabled=version.state is not VersionState.READY)

if version is None:
    empty(
        _("No version yet"),
        _("The first upload becomes version 1."),
        icon="upload_file",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

tabs = st.tabs(
    [_("Versions"), _("Card"), _("Evaluation"), _("Data"), _("Lineage"), _("Decisions"), _("Activity")],
    key="tab",
    on_change="rerun",
    bind="query-params",
)
of_versions, of_card, of_evaluation, of_data, of_lineage, of_decisions, of_activity = tabs

if of_versions.open:
    with of_versions:
        with card(_("Purpose")):
            basis = md(_(basis_name(use_case.lawful_basis))) or "–"
            st.markdown(md(use_case.purpose))
            st.caption(
                _(
                    "Owner: {owner} · Lawful basis: {basis}",
                    owner=md(names.get(use_case.owner_id, "–")),
                    basis=basis,
                )
            )
        with card(_("All versions")):
            versions_table(versions, names, live)
        with card(_("Side by side")):
            others = {key: text for key, text in numbers.items() if key != chosen}
            other = pick(
                _("Compare with"), others, param="with", newest_first=True, label_visibility="visible"
            )
            before = next((v for v in versions if str(v.number) == other), None)
            if before is None:
                st.caption(_("A second version appears here beside the first."))
            else:
                with reading() as view:
                    compared = intake.evaluation(view, before.id)
                comparison((before, compared), (version, evaluation))

if of_card.open:
    with of_card, reading() as view:
        filled = intake.card(view, version.id)
    with of_card:
        card_view(filled)
        if allowed(me, Permission.UPLOAD_MODEL):
            with card(_("What only people know")):
                changed = card_form(filled, key=f"card_{version.id}_{filled.revision}")
                if changed is not None:
                    with refusals():
                        with unit_of_work(me) as uow:
                            registry_commands.edit_card(uow, version.id, changed)
                        st.rerun()

if of_evaluation.open:
    with of_evaluation:
        st.markdown(version_facts(version))
        if evaluation is not None:
            evaluation_view(evaluation, key=f"evaluation_{version.id}")
        elif version.state is VersionState.CHECKING:
            empty(_("The checks are still running"), icon="hourglass_top")
        else:
            upload_result(version, None)
        if version.state is VersionState.RECEIVED and allowed(me, Permission.REVIEW_NAMES):
            listed = known.current().version
            answer = names_review(version, listed)
            if answer is not None:
                with refusals():
                    with unit_of_work(me) as uow:
                        if answer == "approve":
                            intake_commands.approve_names(uow, version.id, list_version=listed)
                        else:
                            intake_commands.refuse_names(uow, version.id)
                    st.rerun()

if of_data.open:
    with of_data, reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
    with of_data, card(md(dataset.name)):
        data_view(dataset, version)

if of_lineage.open:
    with of_lineage, reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
        log = monitoring.coverage(view, version.id)
    with of_lineage:
        mine = [one for one in deployments if one.version_id == version.id]
        lineage(stages(dataset, version, [r for r in requests if r.version.id == version.id], mine, log))

if of_decisions.open:
    with of_decisions:
        with reading() as view:
            signatures = {r.id: released.signatures(view, r.id) for r in requests[:20]}
            signers = {s.person_id for found in signatures.values() for s in found}
            who = access.names(
                view, signers | {r.requested_by for r in requests} | {d.started_by for d in deployments}
            )
        found = decisions(requests[:20], signatures, deployments[:20], who)
        timeline(found) if found else empty(
            _("No decision yet"), _("A release request opens this history."), icon="approval"
        )

if of_activity.open:
    with of_activity, reading() as view:
        events = [
            *audit.events(view, subject_kind="version", subject_id=version.id, limit=30),
            *audit.events(view, subject_kind="use_case", subject_id=use_case.id, limit=20),
        ]
        who = access.names(view, {event.actor_id for event in events})
    with of_activity:
        timeline(activity(events, who))
