"""One KPI on the scoreboard: value, interval, sample, bands, and its recent course."""

import streamlit as st

from app.ui.kpi_value import bands, status_badge, written
from app.ui.text import md
from app.ui.window_name import window_name
from core.evidence.kpis.definition import Status
from core.evidence.kpis.logged import ACTUAL, LABEL
from core.evidence.kpis.queries import Score
from core.evidence.monitoring.performance import VOLUME
from core.i18n import _, number, percent

LATE = (ACTUAL, LABEL)
"""Columns that wait for labels."""


def kpi_tile(score: Score, owner: str, *, followed: bool = False) -> bool:
    """Draw the tile; True when the reader asks for its history."""
    definition = score.kpi.definition
    latest = score.latest
    judged = latest is not None and latest.status != Status.NOT_ENOUGH
    with st.container(border=True, gap="xsmall", height="stretch"):
        bell = f" :gray[:small[:material/notifications_active: {_('you follow it')}]]" if followed else ""
        st.markdown(f"**{md(definition.name)}**  \n{status_badge(score.status)}{bell}")
        shown = latest.value if judged and latest else None
        value = "–" if shown is None else written(shown, definition.unit)
        st.metric(
            _("{name}: value", name=md(definition.name)),
            value,
            label_visibility="collapsed",
            chart_data=_course(score),
            chart_type="line",
        )
        st.caption(_sample(score))
        st.caption(f"{bands(definition)}  \n:material/person: {md(owner)}")
        return st.button(
            _("History"), key=f"history_{score.kpi.id}", icon=":material/show_chart:", width="stretch"
        )


def _course(score: Score) -> list[float] | None:
    values = [o.value for o in score.judged if o.value is not None]
    return values if len(values) > 1 else None


def _sample(score: Score) -> str:
    definition, latest = score.kpi.definition, score.latest
    whole = bool(definition.formula) and not any(w in definition.formula.lower() for w in LATE)
    if latest is None:
        return _("No observation yet")
    if latest.status == Status.NOT_ENOUGH:
        least = number(definition.minimum_n, 0)
        return _("Not enough data: {n} of {least}", n=number(latest.n, 0), least=least)
    said = [window_name(latest.window, definition.window), _("n = {n}", n=number(latest.n, 0))]
    if latest.low is not None and latest.high is not None and latest.low != latest.high:
        low, high = written(latest.low, definition.unit), written(latest.high, definition.unit)
        said.insert(0, f"[{low}; {high}]")
    if definition.metric not in VOLUME and not whole and latest.coverage < 1:
        said.append(_("provisional, {share} of labels in", share=percent(latest.coverage, 0)))
    if score.waiting:
        said.append(_("later windows wait for data"))
    return md(" · ".join(said))
