"""Groups side by side: a mark with its interval per group, and the band that the preset allows."""

import math
from collections.abc import Sequence

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.evidence.fairness.parity import Group
from core.evidence.fairness.presets import Limit
from core.evidence.fairness.tally import METRIC_NAMES, SHARES, Metric
from core.evidence.fairness.words import amount, group_name, interval
from core.i18n import _, number

ROW = 34


def parity_chart(groups: Sequence[Group], metric: Metric, limit: Limit | None, *, by: str, key: str) -> None:
    """Draw the groups that are shown, the lowest first; the band ends where the line of the preset lies."""
    shown = [g for g in groups if metric in g.figures and not math.isnan(g.figures[metric].value)]
    shown.sort(key=lambda g: -g.figures[metric].value)
    colours = palette()
    figures = [g.figures[metric] for g in shown]
    figure = Plot()
    band = _band([f.value for f in figures], limit)
    inside = [band is None or band[0] <= f.value <= band[1] for f in figures]
    figure.add_scatter(
        x=[f.value for f in figures],
        y=[label(shorten(group_name(g.name))) for g in shown],
        mode="markers",
        marker={
            "size": 11,
            "color": [colours.accent if good else colours.warn for good in inside],
            "symbol": ["circle" if good else "diamond" for good in inside],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [f.high - f.value for f in figures],
            "arrayminus": [f.value - f.low for f in figures],
            "color": colours.soft,
            "thickness": 1.4,
            "width": 4,
        },
        customdata=[[amount(metric, f.value), interval(metric, f), number(f.n, 0)] for f in figures],
        hovertemplate="%{y}<br>%{customdata[0]} [%{customdata[1]}]<br>n = %{customdata[2]}<extra></extra>",
    )
    if band is not None:
        figure.add_vrect(x0=band[0], x1=band[1], fillcolor=colours.good_band, line_width=0, layer="below")
        edge = band[0] if limit is not None and limit.statistic == "ratio" else band[1]
        figure.add_vline(x=edge, line={"dash": "dash", "width": 1, "color": colours.warn})
    figure.update_xaxes(title=label(_(METRIC_NAMES[metric])), tickformat=".0%" if metric in SHARES else None)
    figure.update_yaxes(showgrid=False, range=[-0.6, max(len(shown), 1) - 0.4])
    chart(
        figure,
        reads="parity",
        alt=_alt(shown, metric, by),
        key=key,
        height=80 + ROW * max(len(shown), 2),
        legend=False,
    )


def _band(values: Sequence[float], limit: Limit | None) -> tuple[float, float] | None:
    """From the line to the highest group for a ratio; from the lowest group to the line for a difference."""
    if limit is None or not values:
        return None
    least, most = min(values), max(values)
    return (limit.limit * most, most) if limit.statistic == "ratio" else (least, least + limit.limit)


def _alt(shown: Sequence[Group], metric: Metric, by: str) -> str:
    if not shown:
        return _("No group is large enough to be shown.")
    low, high = shown[-1], shown[0]
    return _(
        "{metric} by {by}, {n} groups with intervals. Lowest: {low}, {least}. Highest: {high}, {most}.",
        metric=_(METRIC_NAMES[metric]),
        by=by,
        n=len(shown),
        low=group_name(low.name),
        least=amount(metric, low.figures[metric].value),
        high=group_name(high.name),
        most=amount(metric, high.figures[metric].value),
    )
