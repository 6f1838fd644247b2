"""The formula of a KPI: the text, its columns, what it says in words, and what it would have shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.kpi_value import written
from app.ui.refused import refused
from app.ui.text import code, md
from app.ui.window_name import window_name
from core.errors import AvalError
from core.evidence.kpis.definition import Definition
from core.evidence.kpis.formula import FUNCTIONS, KIND_NAMES, Column, Kind
from core.evidence.kpis.formula_error import FormulaError
from core.evidence.kpis.formula_words import in_words
from core.evidence.kpis.preview import Preview
from core.evidence.monitoring.windows import Grain
from core.i18n import _, number, percent

CURRENCIES = ("BRL", "EUR", "USD")


@dataclass(frozen=True)
class Drafted:
    """What was written so far."""

    formula: str
    currency: str
    units: tuple[tuple[str, str], ...]
    segment: str
    zone: str
    window: Grain


def formula_fields(key: str, columns: Sequence[Column], held: Definition | None, usual: str) -> Drafted:
    """Draw the fields of a formula; `usual` is the use case's currency."""
    text = st.text_area(
        _("Formula"),
        value=held.formula if held else "",
        key=f"{key}_formula",
        height=96,
        max_chars=500,
        placeholder="sum(case when predicted_positive then 0 else 0.031 * amount end)",
        help=_("One number out of many rows. Functions: {names}.", names=", ".join(FUNCTIONS)),
    )
    with st.expander(_("Columns"), icon=":material/table_chart:"):
        st.markdown(
            "  \n".join(
                f"{code(one.name)} {md(_(KIND_NAMES[one.kind]))}"
                + (f" · {_('known with the label')}" if one.outcome else "")
                for one in columns
            )
        )
    left, middle, right = st.columns(3)
    choices = list(dict.fromkeys(["", usual, *CURRENCIES]))
    now = held.currency if held else usual
    currency = left.selectbox(
        _("Currency"),
        choices if now in choices else [*choices, now],
        index=(choices if now in choices else [*choices, now]).index(now),
        format_func=lambda c: c or _("none, a bare number"),
        key=f"{key}_currency",
    )
    texts = ["", *(one.name for one in columns if one.kind in (Kind.TEXT, Kind.BOOLEAN))]
    segment = middle.selectbox(
        _("Also by"),
        texts,
        index=texts.index(held.segment) if held and held.segment in texts else 0,
        format_func=lambda c: c or _("nothing"),
        key=f"{key}_segment",
    )
    zone = right.text_input(_("Time zone"), value=held.zone if held else "UTC", key=f"{key}_zone")
    money = [one.name for one in columns if one.kind == Kind.NUMBER]
    named = st.multiselect(
        _("Columns in this currency"),
        money,
        default=[name for name, _unit in held.units if name in money] if held else [],
        key=f"{key}_units",
        disabled=not currency,
    )
    grain = held.window if held else Grain.MONTH
    units = tuple((name, currency) for name in named) if currency else ()
    return Drafted(text.strip(), currency, units, segment, zone.strip() or "UTC", grain)


def formula_preview(draft: Drafted, shown: Callable[[], Preview]) -> bool:
    """Draw the words and the last windows, or where the formula fails; True where it could be proposed."""
    if not draft.formula:
        st.caption(_("The preview appears as you write."))
        return False
    try:
        found = shown()
    except FormulaError as error:
        st.code(error.pointer(), language=None)
        refused(error)
        return False
    except AvalError as error:
        refused(error)
        return False
    st.markdown(f":material/translate: {md(in_words(found.formula))}")
    if not found.windows:
        st.caption(_("No predictions yet: values appear with the first ones."))
        return True
    rows = {
        _("Window"): [md(window_name(one.window, draft.window)) for one in found.windows],
        _("Value"): [_value(one.value, draft.currency) for one in found.windows],
        _("95% interval"): [
            "–" if one.low is None or one.high is None
            else f"[{_value(one.low, draft.currency)}; {_value(one.high, draft.currency)}]"
            for one in found.windows
        ],
        _("Rows"): [number(one.n, 0) for one in found.windows],
        _("Labels in"): [percent(one.coverage, 0) for one in found.windows],
    }  # fmt: skip
    st.table(rows)
    said = _("Version {n}, the last windows of its log.", n=found.version_number)
    st.caption(said + (" " + _("Only the newest days: the log is long.") if found.shortened else ""))
    return True


def _value(value: float | None, currency: str) -> str:
    return "–" if value is None else md(written(value, currency))
