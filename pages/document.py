"""One document of a use case: what it would say now, what is missing, its versions, and its approval."""

from functools import partial

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.documents import document_history, question_forms, state_badge, written
from app.ui.law_words import in_language
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.text import md
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.assurance.compliance import commands, document_export, queries, writing
from core.assurance.compliance.templates import questions, template
from core.i18n import LANGUAGES, _, day, language, moment, percent
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor
now = store().clock()
with refusals_end_page(), reading() as view:
    case = registry.use_case(view, st.query_params.get("use_case", ""))
    form = template(st.query_params.get("kind", "technical_file"))
    versions = queries.documents(view, case.id, form.kind)
    answers = queries.answers(view, case.id)
    people = {p for d in versions for p in (d.made_by, d.approved_by)} - {""}
    names = access.names(view, people)
    draft = writing.write(view, case.id, form.kind, now, [language()])[language()]
newest = versions[0] if versions else None
governs = allowed(me, Permission.GOVERN_COMPLIANCE)

with page_header(in_language(form.title), badges=state_badge(newest, now), trail=md(case.title)):
    st.page_link(
        "../pages/compliance.py",
        label=_("Compliance"),
        icon=":material/arrow_back:",
        query_params={"use_case": case.slug},
    )
    if governs and st.button(_("Write a version"), type="primary", icon=":material/edit_document:"):
        with refusals():
            writing.make(store(), me, case.id, form.kind)
            st.rerun()
st.caption(
    _(
        "{basis}. As it would stand now: {share} of it says something. Each figure names its log entry.",
        basis=form.basis,
        share=percent(draft.completeness, 0),
    )
)

left, right = st.columns([3, 2], gap="medium")
with left:
    written(draft)
with right:
    with card(_("Versions")):
        document_history(versions, names)
        if newest is None:
            st.markdown(f":gray[{_('No version is written yet.')}]")
        else:
            with reading() as view:
                kept = writing.read(view, store().files, newest.digest)
            approved = ""
            if newest.approved_at is not None:
                approved = _("approved on {day}", day=day(newest.approved_at))
            cover = document_export.Cover(newest.number, newest.digest, moment(newest.made_at), approved)
            for spoken, title in LANGUAGES.items():
                with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                    st.caption(title)
                    for ending, (make, mime) in document_export.FORMS.items():
                        st.download_button(
                            ending.upper(),
                            partial(make, kept[spoken], cover),
                            file_name=f"{case.slug}-{form.kind}-{newest.number}-{spoken}.{ending}",
                            mime=mime,
                            on_click="ignore",
                            key=f"{ending}_{spoken}",
                            icon=":material/download:",
                        )
            if newest.approved_at is None:
                if not governs:
                    may_not(_("Compliance puts documents in force."))
                elif newest.made_by == me.id:
                    may_not(_("You wrote this version, so somebody else approves it."))
                elif st.button(_("Approve version {n}", n=newest.number), icon=":material/verified:"):
                    with refusals():
                        with unit_of_work(me) as uow:
                            commands.approve_document(uow, newest.id)
                        st.rerun()
    if form.questions:
        with card(_("Questions"), f":gray[{_('asked once, used by every document')}]"), refusals():
            sent = question_forms(form, questions(), answers)
            if sent is not None:
                with unit_of_work(me) as uow:
                    commands.answer_question(uow, case.id, *sent)
                st.rerun()
