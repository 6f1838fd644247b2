"""The middle and the tails of a numeric column over time, beside those of the reference."""

from collections.abc import Sequence

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from core.i18n import _


def band_chart(
    windows: Sequence[str],
    quantiles: Sequence[Sequence[float]],
    reference: Sequence[float],
    *,
    alt: str,
    key: str,
) -> None:
    """Draw the 10th, 25th, 50th, 75th and 90th percentile of each window; dotted is the reference's median."""
    colours = palette()
    columns = [list(column) for column in zip(*quantiles, strict=True)]
    figure = Plot()
    x = list(windows)
    for low, high, name, opacity in ((0, 4, _("80% of rows"), 0.35), (1, 3, _("Half of the rows"), 0.6)):
        figure.add_interval(
            x, columns[low], columns[high], name=name, fillcolor=colours.line, opacity=opacity
        )
    figure.add_scatter(
        x=x, y=columns[2], mode="lines+markers", name=_("Median"), line={"color": colours.accent, "width": 2},
        marker={"size": 5}, hovertemplate="%{x}<br>%{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=[reference[2]] * len(x), mode="lines", name=_("Reference's median"), hoverinfo="skip",
        line={"color": colours.soft, "width": 1, "dash": "dot"},
    )  # fmt: skip
    figure.update_xaxes(type="category", nticks=10, tickangle=0, showgrid=False)
    chart(figure, reads="band", alt=alt, key=key, height=220, picture="quantiles")
