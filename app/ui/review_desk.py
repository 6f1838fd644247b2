"""The review desk: the queue with its legal clocks, one request with its case, the decision, the letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import urlencode

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.law_words import in_language
from app.ui.text import code, md
from core.assurance.compliance.provision import Law
from core.assurance.privacy.erasure import Erasure
from core.assurance.reviews.case import Case
from core.assurance.reviews.clock import clocks
from core.assurance.reviews.commands import Asked
from core.assurance.reviews.letter import Letter
from core.assurance.reviews.queries import Review
from core.assurance.reviews.request import (
    KIND_NAMES,
    OUTCOME_NAMES,
    STATE_NAMES,
    Kind,
    Outcome,
    State,
    outcomes,
)
from core.i18n import LANGUAGES, _, day, language, moment, ngettext, number, percent

_TONES = {
    State.OPEN: (Tone.WAIT, "inbox"),
    State.DECIDED: (Tone.INFO, "stylus_note"),
    State.ANSWERED: (Tone.GOOD, "mark_email_read"),
    State.WITHDRAWN: (Tone.PLAIN, "undo"),
}


def state_badge(state: State) -> str:
    """Write where a request stands."""
    tone, icon = _TONES[state]
    return badge(_(STATE_NAMES[state]), tone, icon)


def clock_badge(found: Review, now: datetime) -> str:
    """Write what is left of the legal clock, or that it has run out."""
    if found.answered_at is not None:
        late = found.answered_at > found.due_at
        return badge(_("Late") if late else _("In time"), Tone.WARN if late else Tone.GOOD, "schedule")
    left = (found.due_at.date() - now.date()).days
    if found.overdue(now):
        return badge(ngettext("{n} day late", "{n} days late", -left), Tone.BLOCK, "alarm")
    return badge(
        ngettext("{n} day left", "{n} days left", left), Tone.WARN if left <= 3 else Tone.PLAIN, "schedule"
    )


def queue(
    found: Sequence[Review], titles: Mapping[str, str], names: Mapping[str, str], now: datetime
) -> None:
    """Draw the requests as a table, the nearest deadline first; each opens its page."""
    st.table(
        {
            _("Request"): [
                f"[{md(_(KIND_NAMES[r.kind]))}](reviews?{urlencode({'review': r.id})}) {code(r.id[-8:].upper())}"
                for r in found
            ],
            _("Use case"): [md(titles.get(r.use_case_id, "–")) for r in found],
            _("State"): [state_badge(r.state) for r in found],
            _("Clock"): [clock_badge(r, now) for r in found],
            _("Due"): [day(r.due_at) for r in found],
            _("With"): [md(names.get(r.assigned_to, "–")) for r in found],
        },
        border="horizontal",
        hide_index=True,
        alt=_("Requests of affected people"),
    )


def facts(found: Review, names: Mapping[str, str]) -> None:
    """Draw what was asked, by whom, under which law, and until when it is answered."""
    st.markdown(
        "  \n".join(
            [
                f"**{md(found.requester)}** {code(found.subject_id[:12])}",
                md(found.message) if found.message else f":gray[{_('No words of their own.')}]",
                _(
                    "Received {when} by {who}",
                    when=moment(found.received_at),
                    who=md(names.get(found.taken_by, "–")),
                ),
                _(
                    "Answer due on {day} ({law} {article})",
                    day=day(found.due_at),
                    law=md(found.law.upper()),
                    article=md(found.article),
                )
                + (
                    ""
                    if found.by_law
                    else f"  :small[:gray[{_('a period of the house: the law names none')}]]"
                ),
                _("Letter in {language}", language=LANGUAGES[found.language]),
            ]
        )
    )


def case_view(case: Case, spoken: str) -> None:
    """Draw the decision that was taken: inputs, score, why, and what would have changed it."""
    if not case.usable:
        st.warning(
            _(
                "The explanation of this case failed its check: reasons and ways to another result are left out."
            ),
            icon=":material/gpp_bad:",
        )
    score = "–" if case.score is None else number(case.score, 3)
    limit = "–" if case.threshold is None else number(case.threshold, 3)
    side = "" if case.positive is None else (_("yes side") if case.positive else _("no side"))
    st.markdown(
        _("Score {score}, limit {limit} {side}", score=f"**{score}**", limit=limit, side=f":gray[{side}]")
    )
    for told in case.reasons.get(spoken, ()) if case.usable else ():
        st.markdown(f"- {md(told)}")
    if case.usable:
        head = _("This would have led to another result") if case.changes else _("No small change flips it")
        st.markdown(f"**{head}**")
        for told in case.told.get(spoken, ()):
            st.markdown(f"- {md(told)}")
    with st.expander(_("Data that was used"), icon=":material/table_rows:"):
        st.table(
            {
                _("Feature"): [md(k) for k in case.inputs],
                _("Value"): [md("–" if v is None else v) for v in case.inputs.values()],
            },
            border="horizontal",
            hide_index=True,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What the form of a decision was sent with."""

    outcome: Outcome
    reason: str
    trade_secret: str


def decision_form(kind: Kind) -> Decision | None:
    """Ask for the decision of a human being; return it once it is sent."""
    st.caption(
        _(
            "A person decides here. The model's score is one view: people tend to trust it more than it deserves."
        )
    )
    with st.form("decide", border=False):
        outcome = st.radio(_("Decision"), outcomes(kind), format_func=lambda o: _(OUTCOME_NAMES[o]))
        reason = st.text_area(_("Reason, as it stands in the letter"), max_chars=1_500)
        secret = st.text_input(_("Held back as a trade secret, and why (leave empty for nothing)"))
        if st.form_submit_button(_("Decide"), type="primary", icon=":material/gavel:"):
            return Decision(Outcome(outcome), reason, secret)
    return None


def letter_view(letter: Letter) -> None:
    """Draw a letter as it would be sent, with its reading ease."""
    tone = Tone.WARN if letter.hard else Tone.GOOD
    word = _("reading ease {ease} of 100", ease=number(letter.ease, 0))
    st.markdown(f"{badge(word, tone, 'menu_book')} :small[:gray[{md(letter.template)}]]")
    with st.container(border=True):
        st.markdown(f"**{md(letter.title)}**")
        for p in letter.paragraphs:
            lines = [md(p.text), *(f"- {md(item)}" for item in p.items)]
            st.markdown("\n".join(lines))


def intake_form(cases: Mapping[str, str], laws: Sequence[Law], today: date) -> Asked | None:
    """Ask for a request as it came in; return it once it is sent."""
    with st.form("take", border=False):
        left, right = st.columns(2)
        use_case = left.selectbox(_("Use case"), list(cases), format_func=lambda s: cases[s])
        kind = right.selectbox(_("What is asked"), list(Kind), format_func=lambda k: _(KIND_NAMES[k]))
        titles = {law.id: in_language(law.title) for law in laws}
        named = {i: titles[i] for i in dict.fromkeys(c.law for c in clocks()) if i in titles}
        law = left.selectbox(_("Law"), list(named), format_func=lambda i: named[i])
        spoken = right.selectbox(
            _("Language of the letter"),
            list(LANGUAGES),
            index=list(LANGUAGES).index(language()),
            format_func=lambda i: LANGUAGES[i],
        )
        requester = left.text_input(_("Name for the letter"), max_chars=200)
        reference = right.text_input(
            _("Your reference for the person"), help=_("A customer number; kept as a pseudonym only.")
        )
        prediction = left.text_input(
            _("Prediction id"), help=_("Of the decision that the request speaks of.")
        )
        received = right.date_input(_("Received on"), today, max_value=today)
        message = st.text_area(_("In their own words"), max_chars=4_000)
        if not st.form_submit_button(_("Take the request"), type="primary"):
            return None
    came = (
        datetime.combine(received, time(), UTC) if isinstance(received, date) and received < today else None
    )
    return Asked(
        use_case=use_case or "",
        kind=Kind(kind or Kind.REVIEW),
        law=law or "",
        language=spoken,
        reference=reference,
        requester=requester,
        message=message,
        prediction_id=prediction,
        received_at=came,
    )


def overturn_rate(turned: int, reviewed: int) -> str:
    """Say how many reviewed decisions did not stand."""
    if not reviewed:
        return _("none reviewed yet")
    return _("{share} of {n}", share=percent(turned / reviewed, 0), n=number(reviewed))


def erased(found: Erasure) -> None:
    """Say what an erasure took out, and which models may still hold rows of the person."""
    st.success(
        _(
            "Erased: {rows} logged predictions, {labels} outcomes, {table} rows of tables, {answers} answers on cases, "
            "all words of the request.",
            rows=number(found.predictions),
            table=number(found.table_rows),
            labels=number(found.labels),
            answers=number(found.answers),
        ),
        icon=":material/delete_forever:",
    )
    for slug, version in found.retaining:
        st.warning(
            _(
                "{use_case} v{n} keeps rows of its training data inside the file: decide whether to train it anew.",
                use_case=md(slug),
                n=version,
            ),
            icon=":material/model_training:",
        )
        st.page_link(
            "../pages/retraining.py",
            label=_("Retraining"),
            icon=":material/model_training:",
            query_params={"use_case": slug},
        )
