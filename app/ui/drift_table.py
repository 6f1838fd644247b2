"""Columns of one window beside their thresholds: what moved, by how much, on how many rows."""

import math
from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.layout import Part
from core.i18n import _, number, percent


def drift_table(columns: Sequence[ColumnDrift], at: int, *, limit: float) -> None:
    """Draw one row per column, the largest PSI first; `limit` is the PSI of the rule."""
    ranked = sorted(columns, key=lambda c: -_known(c.psi[at]))
    st.table(
        {
            _("Column"): [_name(c) for c in ranked],
            "PSI": [_number(c.psi[at], 3) for c in ranked],
            _("By chance"): [_number(c.psi_noise[at], 3) if c.compared else "" for c in ranked],
            "KS": [_ks(c, at) for c in ranked],
            _("Missing"): [_missing(c, at) for c in ranked],
            _("New or out of range"): [percent(_known(c.new_share[at] + c.out_of_range[at])) for c in ranked],
            _("Rows"): [number(int(c.rows[at]), 0) for c in ranked],
            _("Result"): [verdict(c, at, limit) for c in ranked],
        },
        border="horizontal",
        hide_index=True,
    )


def verdict(column: ColumnDrift, at: int, limit: float) -> str:
    """Write the badge of one column in one window."""
    if not column.compared:
        return badges.badge(_("Text: not compared"))
    if math.isnan(column.psi[at]):
        return badges.badge(_("No data"))
    if column.psi[at] > limit and column.psi[at] > column.psi_noise[at]:
        return badges.badge(_("Drift"), badges.Tone.WARN, "trending_up")
    return badges.badge(_("Stable"), badges.Tone.GOOD)


def _name(column: ColumnDrift) -> str:
    name = f"**{md(named(column.name))}**"
    return f"{name} :gray[:small[{_('output')}]]" if column.part == Part.OUTPUT else name


def _ks(column: ColumnDrift, at: int) -> str:
    if math.isnan(column.ks[at]):
        return ""
    error = column.ks_error[at]
    return number(float(column.ks[at]), 3) + (
        f" :gray[:small[+{number(float(error), 3)}]]" if error >= 0.0005 else ""
    )


def _missing(column: ColumnDrift, at: int) -> str:
    if math.isnan(column.missing[at]):
        return ""
    before = column.missing_reference
    return f"{percent(float(column.missing[at]))} :gray[:small[{_('was {share}', share=percent(before))}]]"


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else number(float(value), digits)


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else float(value)
