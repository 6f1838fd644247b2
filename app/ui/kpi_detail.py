"""Under a KPI's course: its formula in words, all windows together, the last window by segment, what moved it."""

from collections.abc import Sequence

import streamlit as st

from app.ui.empty import note
from app.ui.kpi_value import written
from app.ui.text import code, md
from app.ui.window_name import window_name
from core.evidence.kpis.definition import Definition
from core.evidence.kpis.intervals import METHOD_NAMES, Method
from core.evidence.kpis.pooled import SEGMENT, Compared
from core.evidence.kpis.queries import Observation, Score, Trace
from core.i18n import _, moment, number, percent


def kpi_detail(
    held: Definition,
    score: Score,
    together: Compared | None,
    parts: Sequence[Observation],
    before: Sequence[Trace],
) -> None:
    """Draw what leads to the number: formula, method, pooled value, segments, and traces of late labels."""
    latest = score.latest
    if held.formula:
        st.markdown(code(held.formula))
        if latest is not None and latest.method is not Method.NONE:
            note(_("Interval: {method}.", method=_(METHOD_NAMES[latest.method])))
    if together is not None:
        _pooled(held, together)
    if latest is None:
        return
    segments = [one for one in parts if one.segment not in ("", SEGMENT) and one.place == latest.place]
    if segments:
        name = window_name(latest.window, held.window)
        st.markdown(f"**{md(_('{window} by {column}', window=name, column=held.segment))}**")
        st.table(
            {
                _("Segment"): [md(one.segment) for one in segments],
                _("Value"): [md(_value(one.value, held.unit)) for one in segments],
                _("95% interval"): [_interval(one.low, one.high, held.unit) for one in segments],
                _("Rows"): [number(one.n, 0) for one in segments],
            }
        )
    for one in before:
        if one.value is None:
            continue
        st.caption(
            _(
                "Until {when} this window showed {value}, with {share} of labels in.",
                when=moment(one.replaced_at),
                value=md(_value(one.value, held.unit)),
                share=percent(one.coverage, 0),
            )
        )


def _pooled(held: Definition, together: Compared) -> None:
    pooled = together.pooled
    said = _(
        "All windows together: {pooled} {interval}. Mean of the {n} windows: {mean}.",
        pooled=md(_value(pooled.value, held.unit)),
        interval=_interval(pooled.low, pooled.high, held.unit),
        n=together.windows,
        mean=md(_value(together.mean, held.unit)),
    )
    if together.disagree:
        why = _(
            "They disagree: the mix between windows moves the pooled value, not the model (Simpson). Trust the windows."
        )
        st.warning(f"{said}  \n{why}", icon=":material/call_split:")
    else:
        note(said)


def _value(value: float | None, unit: str) -> str:
    return "–" if value is None else written(value, unit)


def _interval(low: float | None, high: float | None, unit: str) -> str:
    return "–" if low is None or high is None else md(f"[{written(low, unit)}; {written(high, unit)}]")
