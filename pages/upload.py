"""Upload: a model and its evaluation table, from the files to the first metrics."""

from collections.abc import Callable
from dataclasses import asdict

import streamlit as st

from app.session import current
from app.submission import Submission, own_draft, submit
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.mapping_form import mapping_form
from app.ui.picker import pick
from app.ui.progress import follow
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.text import md
from app.ui.upload_files import artifact_zone, table_zone
from app.ui.upload_result import upload_result
from app.ui.use_case_form import use_case_form
from app.wiring import reading, store, unit_of_work
from core.assets.datasets import queries as datasets
from core.assets.intake import commands as intake_commands
from core.assets.intake import queries as intake
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.usecase import TASK_NAMES
from core.assets.registry.version import VersionState
from core.i18n import _
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.jobs import queries as jobs

NEW = "+"
me = current().actor


def address(kind: str) -> Callable[[], str]:
    """Make what a zone asks when a file waits: the draft is opened by its first file, each file has a ticket."""

    def ask() -> str:
        with unit_of_work(me) as uow:
            draft_id = st.query_params.get("draft") or intake_commands.open_draft(uow)
            ticket = issue_ticket(uow, Purpose.UPLOAD, draft_id)
        st.query_params["draft"] = draft_id
        return f"/api/v1/drafts/{draft_id}/{kind}?ticket={ticket}"

    return ask


@st.cache_data(show_spinner=False, max_entries=64)
def values(digest: str, column: str) -> tuple[str, ...]:
    """Distinct values of a stored column; a digest never changes what it names."""
    return datasets.distinct(store().files, digest, column)


with page_header(_("Upload a model")):
    if st.query_params.get("draft") and st.button(_("Start another upload"), icon=":material/restart_alt:"):
        del st.query_params["draft"]
        st.rerun()

if not allowed(me, Permission.UPLOAD_MODEL):
    able = [_(ROLE_NAMES[role]) for role, rights in MATRIX.items() if Permission.UPLOAD_MODEL in rights]
    may_not(_("Your roles do not include uploading a model."), ", ".join(able))
    st.stop()

with refusals_end_page(), reading() as view:
    use_cases = {case.slug: case for case in registry.use_cases(view)}
    asked = st.query_params.get("draft", "")
    draft = own_draft(view, asked, me) if asked else None
    version = registry.version(view, draft.version_id) if draft and draft.version_id else None
    evaluation = intake.evaluation(view, version.id) if version else None

if version is not None:

    def job() -> jobs.Job | None:
        with reading() as fresh:
            return jobs.latest(fresh, "version", version.id, "intake.evaluate")

    title = _("Checking {model} v{number}", model=version.model_name, number=version.number)
    unchecked = version.state in {VersionState.RECEIVED, VersionState.CHECKING}
    if not follow(job, title=title, stale=unchecked):
        upload_result(version, evaluation)
    st.stop()

with card(_("1 · Use case")):
    options = {slug: case.title for slug, case in use_cases.items()} | {NEW: _("Create a new use case …")}
    chosen = pick(_("Use case"), options, param="use_case", width=420)
    use_case = use_cases.get(chosen or "")
    if use_case is None:
        asked_for = use_case_form("new")
        if asked_for is not None:
            with refusals():
                with unit_of_work(me) as uow:
                    created = registry_commands.create_use_case(uow, **asdict(asked_for))
                st.query_params["use_case"] = created.slug
                st.rerun()
    else:
        kinds = badges.row(badges.tier(use_case.risk_tier.value), badges.badge(_(TASK_NAMES[use_case.task])))
        st.markdown(f"{kinds}  \n{md(use_case.purpose)}")

limit = store().settings.upload_limit
with card(_("2 · Files")), st.grid(2, gap="small", min_column_width=320):
    artifact_zone(draft and draft.artifact, address("artifact"), limit)
    table_zone(draft and draft.table, address("table"), limit)

missing = [
    text
    for text, there in (
        (_("choose or create a use case"), use_case),
        (_("send the model file"), draft and draft.artifact),
        (_("send the evaluation table"), draft and draft.table),
    )
    if not there
]
with card(_("3 · What the columns mean")):
    mapped = None
    if use_case is not None and draft is not None and draft.table is not None:
        with reading() as view:
            earlier = [
                v.model_name for v in registry.versions(view, use_case.id) if v.state is VersionState.READY
            ]
        mapped = mapping_form(
            draft.id,
            task=use_case.task,
            columns=draft.table.columns,
            proposed_protected=draft.table.protected,
            values=lambda column: values(draft.table.digest, column),
            model_name=earlier[0] if earlier else use_case.title[:80],
        )
        if not mapped.label_column:
            missing.append(_("choose the label column"))
    else:
        st.caption(_("The columns appear here once the table has arrived."))

if missing:
    st.caption(":material/checklist: " + _("Before it can be checked: {steps}.", steps=", ".join(missing)))
if st.button(_("Check and register"), type="primary", icon=":material/verified:", disabled=bool(missing)):
    with refusals():
        with unit_of_work(me) as uow:
            submit(uow, draft.id, Submission(use_case.slug, **asdict(mapped)))
        st.rerun()
