"""Documents of compliance: the shelf of kinds, one document with what it says and what is missing, its questions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.card import card
from app.ui.law_words import in_language
from app.ui.text import md
from core.assurance.compliance.document import FilledItem, Source, Template, Written
from core.assurance.compliance.queries import Document, FormAnswer
from core.i18n import _, day, language, moment, percent


def state_badge(newest: Document | None, now: datetime) -> str:
    """Write where a document stands: not written, waiting for approval, in force, or due for review."""
    if newest is None:
        return badge(_("Not written"), Tone.PLAIN, "edit_off")
    if newest.approved_at is None:
        return badge(_("Version {n} waits for approval", n=newest.number), Tone.WAIT)
    if newest.review_by is not None and newest.review_by < now:
        return badge(_("Version {n} is due for review", n=newest.number), Tone.WARN)
    return badge(_("Version {n} in force", n=newest.number), Tone.GOOD)


def shelf(kinds: Mapping[str, Template], newest: Mapping[str, Document], slug: str, now: datetime) -> None:
    """Draw every kind of document with its basis in law and where it stands; each opens its page."""
    for kind, form in kinds.items():
        link = f"document?{urlencode({'use_case': slug, 'kind': kind})}"
        with st.container(gap="xxsmall"):
            st.markdown(f"[{md(in_language(form.title))}]({link})")
            st.markdown(f"{state_badge(newest.get(kind), now)} :small[:gray[{md(form.basis)}]]")


def written(one: Written) -> None:
    """Draw a document section by section, each with how much of it says something; every line names its log entry."""
    for section in one.sections:
        share = percent(section.completeness, 0)
        with card(md(section.title), f":gray[{_('{share} filled', share=share)}]"):
            for item in section.items:
                _item(item)


def _item(item: FilledItem) -> None:
    st.markdown(f"**{md(item.label)}**")
    if item.missing:
        word = (
            _("Missing: answer it at the right.")
            if item.source is Source.PERSON
            else _("Missing: nobody has recorded this.")
        )
        st.markdown(f":orange[:material/error: {md(word)}]")
        return
    lines = [
        f"{md(line.text)} :small[:gray[[{line.event}](audit_trail?entry={line.event})]]"
        for line in item.lines
    ]
    st.markdown("  \n".join(lines))


def question_forms(
    form: Template, asked: Mapping[str, Mapping[str, str]], answers: Mapping[str, FormAnswer]
) -> tuple[str, str] | None:
    """Ask what no evidence settles, open questions first; return question and text of the one that is sent."""
    sent: tuple[str, str] | None = None
    for question in sorted(form.questions, key=lambda q: (q in answers, form.questions.index(q))):
        held = answers.get(question)
        words = asked[question].get(language()) or asked[question]["en"]
        icon = ":material/check:" if held else ":material/help:"
        with st.expander(words, icon=icon), st.form(f"question_{question}", border=False):
            text = st.text_area(
                words, held.text if held else "", max_chars=2_000, label_visibility="collapsed"
            )
            if st.form_submit_button(_("Record the answer")):
                sent = (question, text)
    return sent


def document_history(found: Sequence[Document], names: Mapping[str, str]) -> None:
    """Draw the versions of a document, newest first: who wrote it, who put it in force, its digest."""
    for one in found:
        parts = [
            _("Version {n}", n=one.number),
            _("written by {who}, {when}", who=names.get(one.made_by, one.made_by), when=moment(one.made_at)),
        ]
        if one.approved_at is not None:
            who = names.get(one.approved_by, one.approved_by)
            parts.append(_("approved by {who}, {when}", who=who, when=moment(one.approved_at)))
        if one.kept_until is not None:
            parts.append(_("kept until {day}", day=day(one.kept_until)))
        st.caption(f"{md(' · '.join(parts))} `{one.digest[:12]}…`")
