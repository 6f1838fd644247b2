"""The tabs of monitoring that are drawn from one comparison: drift with its drill-down, and data quality."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

import streamlit as st

from app.ui.band_chart import band_chart
from app.ui.card import card, card_with
from app.ui.drift_table import drift_table
from app.ui.drift_view import column_detail, drift_map, worst_cells
from app.ui.export import export
from app.ui.monitoring_frames import drift_frame
from app.ui.picker import pick
from app.ui.progress import Work, follow, is_under_way
from app.ui.quality_table import quality_table
from app.ui.refused import refusals
from app.ui.split_view import split_view
from app.ui.text import md
from app.ui.window_name import tick, window_name
from core.evidence.alerts.rules import RuleSet
from core.evidence.alerts.tracing import MOST_SEGMENTS, Part
from core.evidence.monitoring.bands import quantiles
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.edges import CategoryEdges, NumberEdges
from core.evidence.monitoring.layout import Part as PartKind
from core.evidence.monitoring.records import Drift
from core.evidence.monitoring.season import AGAINST_NAMES
from core.evidence.monitoring.windows import WHOLE_DAYS, Window
from core.i18n import _, number


@dataclass(frozen=True, slots=True)
class Asked:
    """How a split by segment is read, asked for and followed."""

    read: Callable[[str, Window, str], tuple[Part, ...] | None]
    ask: Callable[[str, Window, str], None]
    job: Callable[[], Work | None]
    may: bool


def drift_tab(drift: Drift, limit: float, asked: Asked) -> None:
    """Draw the map; a cell opens its column and window below, by the buttons under the map."""
    with card(_("Drift over time"), f":gray[{md(_(AGAINST_NAMES[drift.against]))}]"):
        drift_map(drift, limit)
        clicked: tuple[str, int] | None = None
        worst = worst_cells(drift, limit)
        if worst:
            with st.container(horizontal=True, gap="small"):
                for name, at, value in worst:
                    words = f"{md(named(name))} · {md(window_name(drift.windows[at], drift.grain))} · {number(value, 2)}"
                    if st.button(words, key=f"cell_{name}_{at}", icon=":material/search:"):
                        clicked = name, at
        export(lambda: drift_frame(drift), "drift")
    if clicked is not None:
        st.query_params["column"] = clicked[0]
        st.query_params["at"] = drift.windows[clicked[1]].start.isoformat()
    _columns(drift, limit, asked)


@st.fragment
def _columns(drift: Drift, limit: float, asked: Asked) -> None:
    """One window's columns, and one of them in detail."""
    names = {w.start.isoformat(): window_name(w, drift.grain) for w in drift.windows}

    def controls() -> None:
        pick(_("Window"), names, param="at", newest_first=True, width=180)

    with card_with(_("Columns"), controls):
        at = list(names).index(st.query_params.get("at", list(names)[-1]))
        ranked = sorted(drift.columns, key=lambda c: 1.0 if isnan(c.psi[at]) else -c.psi[at])
        column = pick(_("Column"), {c.name: named(c.name) for c in ranked}, param="column") or ranked[0].name
        column_detail(drift, column, at, limit)
        _bands(drift, column)
        _split(drift, column, at, limit, asked)
        drift_table(drift.columns, at, limit=limit)


def _bands(drift: Drift, name: str) -> None:
    for measured, span in drift.reference.layout.spans():
        edges = measured.edges
        if measured.name == name and isinstance(edges, NumberEdges) and edges.cuts and not edges.temporal:
            band_chart(
                [tick(w, drift.grain) for w in drift.windows],
                quantiles(edges, drift.cells[:, span]).tolist(),
                quantiles(edges, drift.reference.cells[None, span])[0].tolist(),
                alt=_("Percentiles of {column} in every window.", column=named(name)),
                key="column_bands",
            )


def _split(drift: Drift, name: str, at: int, limit: float, asked: Asked) -> None:
    segments = {
        one.name: named(one.name)
        for one in drift.reference.layout.columns
        if one.part == PartKind.FEATURE
        and one.name != name
        and isinstance(one.edges, CategoryEdges)
        and 2 <= len(one.edges.listed) <= MOST_SEGMENTS
    }
    if not segments or drift.grain not in WHOLE_DAYS:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{_('By segment')}**", width="content")
        segment = pick(_("Segment"), {"": "–", **segments}, param="segment", width=200)
    if not segment:
        return
    found = asked.read(name, drift.windows[at], segment)
    if found is not None:
        split_view(found, limit=limit)
        return
    if is_under_way(asked.job()):
        follow(asked.job, title=_("Splitting by segment"))
    elif st.button(
        _("Split by {segment}", segment=md(named(segment))),
        icon=":material/call_split:",
        disabled=not asked.may,
        key="split",
    ):
        with refusals():
            asked.ask(name, drift.windows[at], segment)
            st.rerun()


def quality_tab(drift: Drift, rules: RuleSet) -> None:
    """Draw what distributions cannot see, for one window."""
    names = {w.start.isoformat(): window_name(w, drift.grain) for w in drift.windows}

    def controls() -> None:
        pick(_("Window"), names, param="at", newest_first=True, width=180)

    with card_with(_("Data quality"), controls):
        at = list(names).index(st.query_params.get("at", list(names)[-1]))
        quality_table(drift.columns, at, drift.novel[at], rules.rules)
        export(lambda: drift_frame(drift), "quality")
