"""Groups in figures: rows, the metric with its interval, and what became of the small ones; to read and to download."""

import csv
import io
from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.evidence.fairness.parity import Group, Parity
from core.evidence.fairness.tally import METRIC_MEANINGS, METRIC_NAMES, Metric
from core.evidence.fairness.words import amount, attribute_name, group_name, interval
from core.i18n import _, number

ROWS = 20


def parity_table(found: Parity, metrics: Sequence[Metric]) -> None:
    """Draw one row per group, large ones first; a small one keeps its name and size."""
    groups = sorted(found.groups, key=lambda g: (g.hidden, -g.n))[:ROWS]
    table = {
        md(attribute_name(found.attributes)).capitalize(): [f"**{md(group_name(g.name))}**" for g in groups],
        _("Rows"): [number(g.n, 0) for g in groups],
    }
    table |= {_(METRIC_NAMES[m]): [_cell(g, m) for g in groups] for m in metrics}
    st.table(table, border="horizontal", hide_index=True)
    if len(found.groups) > ROWS:
        st.caption(_("The {n} largest of {all} groups.", n=ROWS, all=len(found.groups)))


def meanings(metrics: Sequence[Metric]) -> str:
    """Write what each metric asks, as Markdown for a help text."""
    return "\n\n".join(f"**{_(METRIC_NAMES[m])}**: {_(METRIC_MEANINGS[m])}" for m in metrics)


def as_csv(found: Sequence[Parity]) -> str:
    """Write every group of every comparison, unrounded; small groups without figures."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["by", "group", "rows", "metric", "value", "low", "high", "n"])
    for parity in found:
        by = " x ".join(parity.attributes)
        for group in parity.groups:
            name = " | ".join(group.name)
            if group.hidden:
                writer.writerow([by, _harmless(name), group.n, "hidden", "", "", "", ""])
            for metric, f in group.figures.items():
                writer.writerow([by, _harmless(name), group.n, metric.value, f.value, f.low, f.high, f.n])
    return out.getvalue()


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _cell(group: Group, metric: Metric) -> str:
    if group.hidden:
        return badges.badge(_("hidden"), badges.Tone.PLAIN, "visibility_off")
    figure = group.figures.get(metric)
    if figure is None:
        return ""
    between = interval(metric, figure)
    return amount(metric, figure.value) + (f"  \n:gray[:small[{between}]]" if between else "")
