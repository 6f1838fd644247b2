"""Reviews: what affected people ask, until when they are answered, the human decision and the letter."""

from functools import partial

import streamlit as st

from app.conversations import talk
from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.metric_strip import Figure, metric_strip
from app.ui.progress import follow
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.review_desk import (
    case_view,
    clock_badge,
    decision_form,
    erased,
    facts,
    intake_form,
    letter_view,
    overturn_rate,
    queue,
    state_badge,
)
from app.ui.text import md
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.assurance.compliance.laws import laws
from core.assurance.privacy.erasing import erase_subject
from core.assurance.reviews import commands, drafting, letter_export, queries
from core.assurance.reviews.request import KIND_NAMES, OF_A_DECISION, Kind, Outcome, State
from core.i18n import _, day, number
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.jobs import queries as jobs

me = current().actor
now = store().clock()
decides = allowed(me, Permission.DECIDE_REVIEW)
with reading() as view:
    cases = {c.id: c for c in registry.use_cases(view)}


@st.dialog(_("Take a request"), width="large")
def take() -> None:
    """Ask for the request, and open it."""
    with refusals():
        asked = intake_form({c.slug: c.title for c in cases.values()}, laws(), now.date())
        if asked is not None:
            with unit_of_work(me) as uow:
                st.query_params["review"] = commands.take(uow, asked)
            st.rerun()


def act(command: object, *args: object, **kwargs: object) -> None:
    """Run a command and draw the page anew."""
    with unit_of_work(me) as uow:
        command(uow, *args, **kwargs)  # type: ignore[operator]
    st.rerun()


chosen = st.query_params.get("review")
if chosen is None:
    with page_header(_("Reviews")):
        if allowed(me, Permission.TAKE_REVIEW) and cases:
            st.button(_("Take a request"), type="primary", icon=":material/add:", on_click=take)
    with reading() as view:
        waiting, closed = queries.reviews(view, waiting=True), queries.reviews(view, waiting=False, limit=50)
        turned = [queries.overturned(view, c) for c in cases]
        names = access.names(view, {r.assigned_to for r in (*waiting, *closed)} - {""})
    late = sum(r.overdue(now) for r in waiting)
    metric_strip(
        [
            Figure(_("Waiting"), number(len(waiting))),
            Figure(_("Past the deadline"), number(late)),
            Figure(_("Overturned"), overturn_rate(sum(t for t, _n in turned), sum(n for _t, n in turned))),
        ]
    )
    titles = {i: c.title for i, c in cases.items()}
    if not waiting and not closed:
        empty(
            _("Nobody has asked yet"),
            _("Requests come by this page, by the API, or from a file."),
            icon="support_agent",
        )
        st.stop()
    for title, some in ((_("Waiting"), waiting), (_("Closed"), closed)):
        if some:
            with card(title):
                queue(some, titles, names, now)
    st.stop()

with refusals_end_page(), reading() as view:
    found = queries.review(view, chosen)
    case = queries.found_case(view, chosen)
    letters = queries.letters(view, chosen)
    able = {p.id: p.name for p in access.people(view) if not p.disabled and "compliance" in p.roles}
    names = access.names(view, {found.taken_by, found.assigned_to, found.decided_by} - {""})
title = f"{_(KIND_NAMES[found.kind])} · {found.id[-8:].upper()}"
trail = md(cases[found.use_case_id].title)
with page_header(title, badges=f"{state_badge(found.state)} {clock_badge(found, now)}", trail=trail):
    st.page_link("../pages/reviews.py", label=_("Reviews"), icon=":material/arrow_back:")
    if found.state is State.OPEN and st.button(_("Withdrawn by the person"), icon=":material/undo:"):
        with refusals():
            act(commands.withdraw, found.id)


def job() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "review", found.id, commands.CASE_JOB)


left, right = st.columns([3, 2], gap="medium")
with left:
    with card(_("Request")):
        facts(found, names)
    if found.kind in OF_A_DECISION:
        with card(_("The decision")):
            follow(job, title=_("Finding the logged decision"))
            if case is not None:
                case_view(case, found.language)
            elif found.state is State.OPEN and st.button(_("Look again"), icon=":material/search:"):
                with refusals():
                    act(commands.find_again, found.id)
with right:
    if decides:
        talk("review", found.id, me)
    if found.state is State.OPEN:
        with card(_("Decide")), refusals():
            if decides:
                decided = decision_form(found.kind)
                if decided is not None:
                    act(
                        commands.decide,
                        found.id,
                        decided.outcome,
                        reason=decided.reason,
                        trade_secret=decided.trade_secret,
                    )
            else:
                may_not(_("Compliance decides requests of affected people."))
    elif found.outcome is not None:
        with card(_("Letter")), refusals():
            if letters and letters[0].letter is not None:
                letter_view(letters[0].letter)
                place = f"{found.id[-8:].upper()} · {day(letters[0].written_at)}"
                st.download_button(
                    "PDF",
                    partial(letter_export.as_pdf, letters[0].letter, place=place),
                    file_name=f"letter-{found.id[-8:]}.pdf",
                    mime="application/pdf",
                    icon=":material/download:",
                    on_click="ignore",
                )
                waits = found.state is State.DECIDED and decides
                if waits and st.button(_("It was sent"), type="primary", icon=":material/send:"):
                    act(commands.send_letter, letters[0].id)
                answered = found.state is State.ANSWERED and found.kind is Kind.ERASURE
                if answered and found.outcome is Outcome.GRANTED and allowed(me, Permission.ERASE_SUBJECT):
                    st.caption(
                        _(
                            "The letter is out. Erasing takes the person out of log, tables and this page for good."
                        )
                    )
                    if st.button(_("Erase the person"), icon=":material/delete_forever:"):
                        erased(erase_subject(store(), me, found.subject_id))
            elif decides and found.state is State.DECIDED:
                with reading() as view:
                    draft = drafting.draft(view, found.id)
                letter_view(draft)
                if st.button(_("Write this letter"), type="primary", icon=":material/stylus_note:"):
                    act(commands.write_letter, found.id, draft)
