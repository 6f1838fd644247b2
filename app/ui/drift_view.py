"""Drift over windows: the verdict, the map of all columns, and one column in detail."""

import math
from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.distribution_chart import distribution_chart
from app.ui.drift_chart import drift_chart
from app.ui.empty import note
from app.ui.heat_map import HeatRow, heat_map
from app.ui.text import md
from app.ui.window_name import tick, window_name
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.records import Drift
from core.evidence.monitoring.shape import shape
from core.i18n import _, day, ngettext, number

TOP = 24
NOVEL = 5
NAMED = 3


def drifted(drift: Drift, at: int, limit: float) -> list[ColumnDrift]:
    """Return the columns over the limit in one window, the largest first."""
    over = [c for c in drift.columns if c.psi[at] > limit and c.psi[at] > c.psi_noise[at]]
    return sorted(over, key=lambda c: -float(c.psi[at]))


def drift_verdict(drift: Drift, at: int, limit: float) -> str:
    """Say in one line what moved in a window."""
    when = window_name(drift.windows[at], drift.grain)
    moved = drifted(drift, at, limit)
    if not moved:
        good = badges.badge(_("Stable"), badges.Tone.GOOD)
        return f"{good} " + md(
            _("No column moved beyond PSI {limit} in {when}.", limit=number(limit, 2), when=when)
        )
    names = ", ".join(named(c.name) for c in moved[:NAMED])
    if len(moved) > NAMED:
        names = _("{names} and {n} more", names=names, n=len(moved) - NAMED)
    said = ngettext(
        "{n} column moved in {when}: {names}.",
        "{n} columns moved in {when}: {names}.",
        len(moved),
        when=when,
        names=names,
    )
    return badges.badge(_("Drift"), badges.Tone.WARN, "trending_up") + " " + md(said)


def drift_map(drift: Drift, limit: float) -> None:
    """Draw PSI of every compared column in every window; the worst columns first."""
    shown = sorted((c for c in drift.columns if c.compared), key=_worst, reverse=True)
    rows = [HeatRow(named(c.name), tuple(c.psi.tolist())) for c in shown[:TOP]]
    over = sum(_worst(c) > limit for c in shown)
    alt = _(
        "PSI of {columns} columns over {windows} windows; {over} columns went above {limit} at some time.",
        columns=len(rows),
        windows=len(drift.windows),
        over=over,
        limit=number(limit, 2),
    )
    heat_map(
        rows,
        [tick(w, drift.grain) for w in drift.windows],
        limit=limit,
        alt=alt,
        key="drift_map",
        picture="drift",
    )
    note(
        _(
            "PSI in the cells of the evaluation data ({rows} rows, cut {day}): ten deciles or the categories, "
            "missing values a bin of their own. Orange is above {limit}.",
            rows=number(drift.reference.rows, 0),
            day=day(drift.reference.created_at),
            limit=number(limit, 2),
        )
        + (
            f" {_('The {n} worst of {all} columns are shown.', n=TOP, all=len(shown))}"
            if len(shown) > TOP
            else ""
        )
    )


def worst_cells(drift: Drift, limit: float, most: int = 6) -> list[tuple[str, int, float]]:
    """Return the columns and windows farthest over the limit: the worst of each column, the worst first."""
    found = []
    for column in drift.columns:
        over = [
            (float(value), at)
            for at, value in enumerate(column.psi.tolist())
            if value > limit and value > column.psi_noise[at]
        ]
        if over:
            value, at = max(over)
            found.append((column.name, at, value))
    return sorted(found, key=lambda cell: -cell[2])[:most]


def column_detail(drift: Drift, name: str, at: int, limit: float) -> None:
    """Draw one column: its shape in a window over the reference's, and its drift over time."""
    place = next((i for i, column in enumerate(drift.columns) if column.name == name), None)
    if place is None:
        return
    column = drift.columns[place]
    measured, span = list(drift.reference.layout.spans())[place]
    when = window_name(drift.windows[at], drift.grain)
    told = named(name)
    with st.grid(2, gap="medium", min_column_width=320):
        with st.container(gap="xsmall"):
            drawn = shape(measured.edges, drift.reference.cells[span], drift.cells[at, span])
            distribution_chart(
                drawn.names,
                drawn.reference.tolist(),
                drawn.current.tolist(),
                ordered=drawn.ordered,
                current_name=when,
                alt=_(
                    "Distribution of {column} in {when} over that of the reference.", column=told, when=when
                ),
                key="column_shape",
            )
            note(_facts(column, drift, at))
        with st.container(gap="xsmall"):
            drift_chart(
                [tick(w, drift.grain) for w in drift.windows],
                column.psi.tolist(),
                column.psi_noise.tolist(),
                limit=limit,
                alt=_(
                    "PSI of {column} over time against the limit of {limit}.",
                    column=told,
                    limit=number(limit, 2),
                ),
                key="column_drift",
            )
            note(_("Grey is what sampling alone reaches in one window of a thousand."))


def _facts(column: ColumnDrift, drift: Drift, at: int) -> str:
    facts = [
        _(
            "{rows} rows against {reference}",
            rows=number(int(column.rows[at]), 0),
            reference=number(column.reference_rows, 0),
        )
    ]
    if not math.isnan(column.js[at]):
        facts.append(_("Jensen–Shannon distance {value}", value=number(float(column.js[at]), 3)))
    if column.constant[at]:
        facts.append(_("one single value"))
    novel: Sequence[str] = list(drift.novel[at].get(column.name, {}))
    if novel:
        facts.append(_("new categories: {names}", names=", ".join(novel[:NOVEL])))
    return md(" · ".join(facts))


def _worst(column: ColumnDrift) -> float:
    known = [float(v) for v in column.psi if not math.isnan(v)]
    return max(known, default=0.0)
