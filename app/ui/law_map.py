"""The law map: laws against use cases, and the provisions of one use case with what answers each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

import streamlit as st

from app.ui.card import card
from app.ui.law_words import dates, force_badge, in_language, met_badge
from app.ui.text import md
from core.assurance.compliance.controls import CONTROLS, Answer, Met
from core.assurance.compliance.coverage import Status
from core.assurance.compliance.facts import Facts
from core.assurance.compliance.provision import APPLIES_NAMES, Law
from core.i18n import _, number

_MARKS = ((Met.MET, "green", "check"), (Met.PARTLY, "orange", "contrast"), (Met.NOT_MET, "red", "close"))


def law_matrix(
    laws: Sequence[Law], cases: Sequence[Facts], counts: Mapping[str, Mapping[str, Counter[Met]]]
) -> None:
    """Draw a row for each use case and a column for each law: how many provisions are met, partly, not.

    `counts` may hold more use cases than are drawn; the first row adds all of them up.
    """
    rows: dict[str, list[str]] = {
        _("Use case"): [
            f"**{_('All use cases')}**",
            *(f"[{md(c.title)}](compliance?{urlencode({'use_case': c.slug})})" for c in cases),
        ]
    }
    for law in laws:
        whole = Counter[Met]()
        for one in counts.values():
            whole.update(one[law.id])
        rows[md(in_language(law.title))] = [
            _cell(whole),
            *(_cell(counts[c.use_case_id][law.id]) for c in cases),
        ]
    st.table(rows, border="horizontal", hide_index=True, alt=_("Provisions met by use case and law"))
    marks = "  ·  ".join(f":{colour}[:material/{icon}:] {_word(met)}" for met, colour, icon in _MARKS)
    st.caption(marks)


def provisions(law: Law, found: Sequence[Status], on: date) -> None:
    """Draw one law for one use case: each provision with its state, what each control found and where to look."""
    counted = Counter(one.met for one in found)
    with card(md(in_language(law.title)), _cell(counted), help_text=in_language(law.full)):
        for one in found:
            with st.container(border=True, gap="xsmall"):
                _provision(one, on)


def _provision(one: Status, on: date) -> None:
    p = one.provision
    st.markdown(f"**{md(p.article)}** {met_badge(one.met)} {force_badge(p, on)}  \n{md(in_language(p.says))}")
    if one.met is Met.NOT_OURS:
        st.markdown(f":material/person: {md(in_language(p.not_ours))}")
    elif one.met is Met.NOT_APPLICABLE:
        st.markdown(md(_("Speaks to: {whom}.", whom=_(APPLIES_NAMES[p.applies]))))
    for name, answer in one.answers:
        _answer(name, answer)
    st.caption(f"{md(p.version)} · {md(dates(p))}")


def _answer(name: str, answer: Answer) -> None:
    """Draw what a control found; the link stands apart from the sentence, so that it needs no underline."""
    colour, icon = next((c, i) for met, c, i in _MARKS if met is answer.met)
    with st.container(horizontal=True, gap="small"):
        question = md(_(CONTROLS[name].question))
        st.markdown(f":{colour}[:material/{icon}:] **{question}**: {md(answer.text())}", width="content")
        if answer.page:
            link = f"{answer.page}?{urlencode(answer.query)}"
            st.markdown(f"[{_('Evidence')}]({link})", width="content")


def _cell(counted: Counter[Met]) -> str:
    parts = [
        f":{colour}[:material/{icon}: {number(counted[met])}]" for met, colour, icon in _MARKS if counted[met]
    ]
    return " ".join(parts) or f":gray[{_('does not apply')}]"


def _word(met: Met) -> str:
    return {Met.MET: _("met"), Met.PARTLY: _("partly"), Met.NOT_MET: _("not met")}[met]
