"""Groups over time: one line per group and month from the prediction log, with its interval."""

import math
from collections.abc import Sequence

import streamlit as st

from app.ui.card import card
from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.picker import pick
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.evidence.fairness.parity import Figure
from core.evidence.fairness.queries import Month
from core.evidence.fairness.tally import METRIC_NAMES, SHARES, Metric
from core.evidence.fairness.words import amount, group_name
from core.i18n import _, month, number, percent

MOST = 7


@st.fragment
def trend_card(months: Sequence[Month]) -> None:
    """Draw one attribute and one metric over the months of the log."""
    attributes = {p.attributes[0]: p.attributes[0] for m in months for p in m.parities}
    seen = {m for one in months for p in one.parities for g in p.groups for m in g.figures}
    metrics = {m.value: _(METRIC_NAMES[m]) for m in Metric if m in seen}
    with card(_("Over time"), f":gray[{_('from the prediction log')}]"):
        if not attributes or not metrics:
            st.caption(_("No month has a group that is large enough."))
            return
        with st.container(horizontal=True, gap="small"):
            by = pick(_("Attribute"), attributes, param="trend_by", width=200) or next(iter(attributes))
            chosen = Metric(
                pick(_("Metric"), metrics, param="trend_metric", width=260) or next(iter(metrics))
            )
        _chart(months, by, chosen)
        labelled = sum(m.labelled for m in months) / max(1, sum(m.rows for m in months))
        note(
            _(
                "{rows} predictions, {share} with a label; groups under 30 in a month are left out.",
                rows=number(sum(m.rows for m in months), 0),
                share=percent(labelled, 0),
            )
        )


def _chart(months: Sequence[Month], by: str, metric: Metric) -> None:
    lines: dict[str, list[tuple[str, Figure]]] = {}
    for one in months:
        parity = next((p for p in one.parities if p.attributes == (by,)), None)
        for group in parity.groups if parity else ():
            point = group.figures.get(metric)
            if point is not None and not math.isnan(point.value):
                lines.setdefault(group_name(group.name), []).append((month(one.start), point))
    shown = sorted(lines, key=lambda name: -sum(f.n for _when, f in lines[name]))[:MOST]
    colours = palette()
    figure = Plot()
    for place, name in enumerate(shown):
        points = lines[name]
        figure.add_scatter(
            x=[when for when, _f in points],
            y=[f.value for _w, f in points],
            name=label(shorten(name, 20)),
            mode="lines+markers",
            line={"color": colours.sequence[place % len(colours.sequence)], "width": 2},
            marker={"size": 7, "symbol": place},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [f.high - f.value for _w, f in points],
                "arrayminus": [f.value - f.low for _w, f in points],
                "thickness": 1,
                "width": 2,
            },
            customdata=[[amount(metric, f.value), number(f.n, 0)] for _w, f in points],
            hovertemplate="%{x}<br>%{customdata[0]}, n = %{customdata[1]}",
        )
    figure.update_xaxes(
        type="category", showgrid=False, categoryorder="array", categoryarray=[month(m.start) for m in months]
    )
    figure.update_yaxes(title=label(_(METRIC_NAMES[metric])), tickformat=".0%" if metric in SHARES else None)
    alt = _(
        "{metric} by {by} over {n} months, one line per group: {names}.",
        metric=_(METRIC_NAMES[metric]),
        by=by,
        n=len(months),
        names=", ".join(shown),
    )
    chart(figure, reads="fairness_trend", alt=alt, key="fairness_trend", height=340)
