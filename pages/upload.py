"""Upload: a model and its evaluation table, from the files to the first metrics."""

from dataclasses import asdict

import streamlit as st

from app import upload
from app.session import current
from app.submission import Submission, own_draft, submit
from app.ui import badges
from app.ui.bundle_parts import parts_form
from app.ui.card import card, page_header
from app.ui.mapping_form import mapping_form
from app.ui.picker import pick
from app.ui.progress import rerun_when_other
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.text import md
from app.ui.upload_files import artifact_zone, evidence_only, no_artifact, table_zone
from app.wiring import reading, store, unit_of_work
from core.assets.intake import queries as intake
from core.assets.intake.draft import Draft
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.usecase import TASK_NAMES
from core.assets.registry.version import VersionState
from core.i18n import _
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed

NEW = "+"
me = current().actor


def files_of(held: Draft | None) -> tuple[str, str]:
    return (
        held.artifact.digest if held and held.artifact else "",
        held.table.digest if held and held.table else "",
    )


def files_now() -> tuple[str, str]:
    at = st.query_params.get("draft", "")
    with reading() as view:
        return files_of(own_draft(view, at, me) if at else None)


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
    parts = registry.bundle_of_upload(view, asked).parts if draft else ()

if version is not None:
    upload.outcome(me, version, evaluation)
    st.stop()

with card(_("1 · Use case")):
    options = {slug: case.title for slug, case in use_cases.items()} | {NEW: _("Create a new use case …")}
    use_case = use_cases.get(pick(_("Use case"), options, param="use_case", width=420) or "")
    if use_case is None:
        upload.define_use_case(me)
    else:
        kinds = badges.row(badges.tier(use_case.risk_tier.value), badges.badge(_(TASK_NAMES[use_case.task])))
        st.markdown(f"{kinds}  \n{md(use_case.purpose)}")

limit = store().settings.upload_limit
artifact, table = (draft.artifact, draft.table) if draft else (None, None)
with card(_("2 · Files")):
    black_box = artifact is None and no_artifact()
    with st.grid(2, gap="small", min_column_width=320):
        if not black_box:
            artifact_zone(artifact, upload.address(me, "artifact"), limit)
        table_zone(table, upload.address(me, "table"), limit)
rerun_when_other(files_now, files_of(draft))  # a zone's report can be overtaken by a run: the store decides
supplied = black_box or evidence_only(artifact)

with st.expander(
    _("Released together with the model (optional)"), icon=":material/inventory_2:", expanded=bool(parts)
):
    change = parts_form(parts, lambda kind: upload.address(me, "parts", kind=kind), limit, may=bool(draft))
    if change is not None and draft is not None:
        deed = registry_commands.detach if change[0] == "remove" else registry_commands.attach_image
        with refusals():
            with unit_of_work(me) as uow:
                deed(uow, draft.id, change[1])
            st.rerun()

missing = [
    text
    for text, there in (
        (_("choose or create a use case"), use_case),
        (_("send the model file"), artifact or black_box),
        (_("send the evaluation table"), table),
    )
    if not there
]
with card(_("3 · What the columns mean")):
    mapped = None
    if use_case is not None and table is not None:
        with reading() as view:
            named = [
                v.model_name for v in registry.versions(view, use_case.id) if v.state is VersionState.READY
            ]
        mapped = mapping_form(
            draft.id,
            task=use_case.task,
            columns=table.columns,
            proposed_protected=table.protected,
            values=lambda column: upload.values(table.digest, column),
            model_name=named[0] if named else use_case.title[:80],
            scores=supplied,
        )
        missing += [_("choose the label column")] if not mapped.label_column else []
        missing += [_("choose the column of scores")] if supplied and not mapped.score_column else []
    else:
        st.caption(_("The columns appear here once the table has arrived."))

if missing:
    st.caption(":material/checklist: " + _("Before it can be checked: {steps}.", steps=", ".join(missing)))
if st.button(_("Check and register"), type="primary", icon=":material/verified:", disabled=bool(missing)):
    with refusals():
        with unit_of_work(me) as uow:
            submit(uow, draft.id, Submission(use_case.slug, **asdict(mapped)))
        st.rerun()
