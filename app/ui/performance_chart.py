"""A metric over time with its interval: what it was, what it was expected to be, and how many labels are in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.ui.charts import chart, palette
from app.ui.moments import Moment, mark
from app.ui.plot import Plot
from app.ui.text import label
from core.evidence.monitoring.windows import Window
from core.i18n import _, number


@dataclass(frozen=True)
class MetricPoint:
    """One window: value, its 95 % interval (NaN bounds are not drawn), and the share of rows with a label."""

    window: str
    value: float
    low: float
    high: float
    n: int
    coverage: float = 0.0


def performance_chart(
    points: Sequence[MetricPoint],
    *,
    name: str,
    evaluated: float | None,
    digits: int,
    alt: str,
    key: str,
    windows: Mapping[str, Window],
    expected: Sequence[MetricPoint] = (),
    happened: Sequence[Moment] = (),
    means: str = "",
) -> None:
    """Draw the points above their label coverage, dashed what was `expected`, and what `happened` over its window.

    `windows` names every window that a point or an expectation has, `means` is the metric's word in the glossary.
    """
    colours = palette()
    figure = Plot().update_layout(
        xaxis={"anchor": "y2"}, yaxis={"domain": [0.29, 1.0]}, yaxis2={"anchor": "x", "domain": [0.0, 0.23]}
    )
    x = [p.window for p in points]
    _band(figure, points, colours.line, _("95% interval"), opacity=0.5)
    if expected:
        _band(figure, expected, colours.warn_band, _("95% interval of the estimate"))
        figure.add_scatter(
            x=[p.window for p in expected], y=[p.value for p in expected], mode="lines+markers",
            name=_("Estimated without labels"), customdata=[_words(p, digits) for p in expected],
            line={"color": colours.warn, "width": 1.5, "dash": "dash"}, marker={"size": 6, "symbol": "diamond-open"},
            hovertemplate="%{x}<br>" + _("Estimated: {value}", value="%{customdata}") + "<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=[p.value for p in points], mode="lines+markers", name=label(name),
        customdata=[_words(p, digits) for p in points],
        line={"color": colours.accent, "width": 2}, marker={"size": 6},
        hovertemplate="%{x}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    if evaluated is not None:
        text = _("When evaluated: {value}", value=number(evaluated, digits))
        figure.add_hline(
            y=evaluated, line={"dash": "dot", "width": 1, "color": colours.soft},
            annotation={"text": text, "font": {"size": 11, "color": colours.soft}},
        )  # fmt: skip
    figure.add_bar(
        x=x, y=[p.coverage for p in points], name=_("Labels in"), marker_color=colours.muted,
        hovertemplate="%{x}<br>%{y:.0%}<extra></extra>", yaxis="y2",
    )  # fmt: skip
    mark(figure, happened, windows)
    figure.update_xaxes(
        type="category", nticks=12, tickangle=0, showgrid=False,
        categoryorder="array", categoryarray=sorted(windows, key=lambda name: windows[name].start),
    )  # fmt: skip
    figure.update_layout(yaxis2={"tickformat": ".0%", "range": [0, 1], "nticks": 3})
    chart(
        figure, reads="performance", means=means, alt=alt, key=key, height=320, data=False
    )  # the page offers more than is drawn


def _band(figure: Plot, points: Sequence[MetricPoint], colour: str, name: str, opacity: float = 1.0) -> None:
    """Fill between the bounds of the points that have them."""
    banded = [p for p in points if not math.isnan(p.low) and not math.isnan(p.high)]
    figure.add_interval(
        [p.window for p in banded], [p.low for p in banded], [p.high for p in banded],
        fillcolor=colour, opacity=opacity, name=name,
    )  # fmt: skip


def _words(point: MetricPoint, digits: int) -> str:
    return _(
        "{value} [{low}; {high}], {n} rows",
        value=number(point.value, digits),
        low=number(point.low, digits),
        high=number(point.high, digits),
        n=number(point.n, 0),
    )
