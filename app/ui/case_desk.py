"""One case: why it came out as it did, what would change it, what if it were otherwise, and cases like it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.ui.card import card
from app.ui.case_picker import case_picker
from app.ui.counterfactuals import counterfactuals
from app.ui.empty import note
from app.ui.progress import Work, follow
from app.ui.refused import refusals
from app.ui.text import md
from app.ui.waterfall import waterfall
from app.ui.what_if import what_if
from core.assets.datasets.schema import Column
from core.evidence.explain import words
from core.evidence.explain.queries import Case, Explanation
from core.evidence.recourse import words as recourse_words
from core.evidence.recourse.case import CaseAnswer, Values
from core.i18n import _


@dataclass(frozen=True)
class Desk:
    """What the page lends: readers and the one command. `search` asks for what would change the decision too."""

    case: Callable[[int], Case]
    row: Callable[[int], Values]
    logged: Callable[[str], Values]
    ask: Callable[[Values, bool], None]
    answer: Callable[[Values, bool], CaseAnswer | None]
    job: Callable[[Values, bool], Work | None]
    similar: Callable[[Values], pd.DataFrame]
    features: Sequence[Column]
    decides: bool  # the model says yes or no, so that there is another side
    may_ask: bool


@st.fragment
def case_desk(explanation: Explanation, scores: pd.Series, desk: Desk) -> None:
    """Choose a case and read it."""
    unit = words.unit_name(explanation)
    with card(_("Why one case came out as it did")):
        picked = case_picker(scores)
        with refusals():
            if picked.row is not None:
                _explained(desk.case(picked.row), unit, name=_("Row {row}", row=picked.row))
                _rest(desk, desk.row(picked.row))
            elif picked.prediction:
                values = desk.logged(picked.prediction)
                answer = desk.answer(values, desk.decides)
                if answer is not None:
                    _explained(recourse_words.as_case(answer), unit, name=picked.prediction)
                _rest(desk, values)
            else:
                note(_("Type the id under which the prediction was sent."))


def _explained(case: Case, unit: str, *, name: str) -> None:
    text = _(
        "{name}: base {base}, result {score}, in {unit}.",
        name=name,
        base=words.significant(case.base),
        score=words.significant(case.score),
        unit=unit,
    )
    note(md(text))
    waterfall(case, unit=unit, key="waterfall")
    st.markdown("\n".join(f"1. {md(reason)}" for reason in words.reasons(case)))


def _rest(desk: Desk, values: Values) -> None:
    st.subheader(_("What would change it"), anchor=False)
    _changes(desk, values)
    with st.expander(_("What if it were otherwise?"), icon=":material/edit:"):
        what_if(desk.features, values, ask=desk.ask, answer=desk.answer, job=desk.job, may_ask=desk.may_ask)
    with st.expander(_("Cases like it"), icon=":material/group:"):
        st.dataframe(desk.similar(values), hide_index=True)
        note(
            _(
                "The nearest rows of the evaluation data, with what truly happened; 0 is the same in everything."
            )
        )


def _changes(desk: Desk, values: Values) -> None:
    answer = desk.answer(values, desk.decides)
    if answer is not None and desk.decides:
        counterfactuals(answer)
        return
    if not desk.decides and answer is not None:
        note(_("This model gives a quantity or several classes: there is no other side of a decision."))
        return
    if follow(lambda: desk.job(values, desk.decides), title=_("Asking the model about this case")):
        return
    st.button(
        _("Find what would change it") if desk.decides else _("Ask the model about this case"),
        type="primary",
        icon=":material/alt_route:",
        disabled=not desk.may_ask,
        on_click=desk.ask,
        args=[values, desk.decides],
    )
    note(_("The model itself is asked, in isolation, within the limits that the data owner has set."))
