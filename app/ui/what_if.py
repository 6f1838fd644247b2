"""What if it were otherwise: a form with the case's values, and the model's own answer to the changed ones."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.ui.progress import Work, follow
from app.ui.text import md
from app.ui.waterfall import waterfall
from core.assets.datasets.schema import Column, Kind
from core.evidence.explain import labels, words
from core.evidence.recourse import words as recourse_words
from core.evidence.recourse.case import CaseAnswer, Values
from core.i18n import _

ASKED = "what_if_values"


def what_if(
    features: Sequence[Column],
    values: Values,
    *,
    ask: Callable[[Values, bool], None],
    answer: Callable[[Values, bool], CaseAnswer | None],
    job: Callable[[Values, bool], Work | None],
    may_ask: bool,
) -> None:
    """Draw the form; below it the answer to what was asked last."""
    with st.form("what_if", border=False):
        columns = st.columns(2)
        changed = {c.name: _field(columns[i % 2], c, values[c.name]) for i, c in enumerate(features)}
        if st.form_submit_button(_("Ask the model"), type="secondary", disabled=not may_ask):
            st.session_state[ASKED] = changed
            if answer(changed, False) is None:
                ask(changed, False)
    asked = st.session_state.get(ASKED)
    if asked is None or set(asked) != set(values):
        return
    found = answer(asked, False)
    if found is None:
        follow(lambda: job(asked, False), title=_("Asking the model about this case"))
        return
    differs = [name for name in values if values[name] != asked[name]]
    told = ", ".join(f"{labels.label(n).name} = {labels.told(n, asked[n])}" for n in differs)
    st.markdown(f"**{md(recourse_words.decision(found))}** {md(told)}")
    case = recourse_words.as_case(found)
    waterfall(case, unit=words.unit_text(found.unit, found.label), key="what_if_waterfall")


def _field(
    place: st.delta_generator.DeltaGenerator, column: Column, value: object
) -> str | float | int | bool | None:
    """One input of the feature's kind; an empty one is a missing value."""
    name = labels.label(column.name).name
    key = f"what_if_{column.name}_{value}"
    if column.kind is Kind.CATEGORY:
        options = sorted({*column.categories, *([str(value)] if value is not None else [])})
        index = options.index(str(value)) if value is not None else None
        return place.selectbox(name, options, index=index, key=key)
    if column.numeric:
        whole = column.kind is Kind.INTEGER and (value is None or float(str(value)).is_integer())
        if whole:
            given = place.number_input(
                name, value=None if value is None else int(float(str(value))), step=1, key=key
            )
            return None if given is None else int(given)
        number = place.number_input(
            name, value=None if value is None else float(str(value)), key=key, format="%0.6g"
        )
        return None if number is None else float(number)
    if column.kind is Kind.BOOLEAN:
        return place.checkbox(name, value=bool(value), key=key)
    return place.text_input(name, value="" if value is None else str(value), key=key) or None
