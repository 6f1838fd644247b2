"""Compliance: the state of every obligation, computed from live evidence, for all use cases or for one."""

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.documents import shelf
from app.ui.duty_list import duty_list
from app.ui.empty import empty
from app.ui.law_map import law_matrix, provisions
from app.ui.law_words import in_language
from app.ui.paging import page_of
from app.ui.picker import pick
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.stands_for import attest_form, attestation_list, modification_form, modification_note
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.assurance.compliance import commands, coverage, gathering, queries
from core.assurance.compliance.templates import templates
from core.decisions.incidents import queries as incidents
from core.i18n import _, moment
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

ALL = "all"
PAGE = 25
me = current().actor
now = store().clock()

with page_header(_("Compliance")):
    with reading() as view:
        titles = {one.slug: one.title for one in registry.use_cases(view)}
    shown = pick(_("Use case"), {ALL: _("All use cases")} | titles, param="use_case") or ALL
st.caption(
    _(
        "As of {when}. Support, not legal advice: paraphrases of the law, as known on the day beside each.",
        when=moment(now),
    )
)

if not titles:
    empty(_("No use cases yet"), _("Obligations are computed for use cases."), icon="balance")
    st.stop()

with refusals_end_page(), reading() as view:
    chosen = registry.use_case(view, shown) if shown != ALL else None
    laws = queries.followed(view)
    cases = gathering.facts(view, now, chosen.id if chosen else None)
    house = gathering.house(view)

if chosen is None:
    counts = coverage.tally(laws, cases, house, now)
    with card(_("Law map"), f":gray[{_('computed, never typed')}]"):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            search = st.text_input(_("Find a use case"), key="find").lower() if len(cases) > PAGE else ""
            kept = [one for one in coverage.worst_first(cases, counts) if search in one.title.lower()]
            drawn = page_of(kept, PAGE)
        law_matrix(laws, drawn, counts)
    st.stop()

(facts,) = cases
with reading() as view:
    signed = queries.attestations(view, chosen.id)
    said = queries.modification(view, facts.version_id) if facts.version_id else None
    newest_documents = {d.kind: d for d in reversed(queries.documents(view, chosen.id))}
    troubles = incidents.incidents(view, use_case_id=chosen.id, limit=20)
    owed = queries.duties_of(view, chosen.id)
    seen = {a.signed_by for a in signed} | {d.done_by for d in owed} | ({said.answered_by} if said else set())
    names = access.names(view, seen - {""})

left, right = st.columns([3, 2], gap="medium")
with left:
    options = {law.id: law for law in laws}
    law_id = pick(_("Law"), {law.id: in_language(law.title) for law in laws}, param="law")
    law = options[law_id or laws[0].id]
    provisions(law, coverage.of_case([law], facts, house, now), now.date())
with right:
    with card(_("Documents"), f":gray[{_('written from evidence')}]"):
        shelf(templates(), newest_documents, chosen.slug, now)
    if troubles:
        with card(_("Incidents"), f":gray[{_('and whom they oblige to tell')}]"), refusals():
            told = duty_list(troubles, owed, names, now, may=allowed(me, Permission.GOVERN_COMPLIANCE))
            if told is not None:
                with unit_of_work(me) as uow:
                    if isinstance(told[1], str):
                        commands.fulfil_duty(uow, told[0], note=told[1])
                    else:
                        commands.classify_incident(uow, told[0], told[1])
                st.rerun()
    with card(_("Attestation"), f":gray[{_('by somebody independent of the owner')}]"):
        attestation_list(signed, names, now)
        if allowed(me, Permission.ATTEST):
            with refusals():
                statement = attest_form()
                if statement is not None:
                    with unit_of_work(me) as uow:
                        commands.attest(uow, chosen.id, statement=statement)
                    st.rerun()
        else:
            may_not(_("Compliance and independent validation attest."))
    if facts.version_id:
        with card(_("Substantial modification"), f":gray[{_('version {n}', n=facts.version_number)}]"):
            if said is not None:
                modification_note(said, names)
            elif allowed(me, Permission.GOVERN_COMPLIANCE):
                with refusals():
                    answer = modification_form()
                    if answer is not None:
                        with unit_of_work(me) as uow:
                            commands.answer_modification(
                                uow, facts.version_id, substantial=answer[0], reason=answer[1]
                            )
                        st.rerun()
            else:
                st.markdown(
                    f":gray[{_('Nobody has said whether this version is a substantial modification.')}]"
                )
