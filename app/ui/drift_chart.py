"""One column's drift over time, with the limit of the rule and what sampling alone reaches."""

from collections.abc import Sequence

from app.ui.charts import chart, palette, threshold
from app.ui.plot import Plot
from core.i18n import _, number


def drift_chart(
    windows: Sequence[str],
    values: Sequence[float],
    noise: Sequence[float],
    *,
    limit: float,
    alt: str,
    key: str,
) -> None:
    """Draw PSI per window; the shaded part is what chance alone explains."""
    colours = palette()
    figure = Plot()
    figure.add_scatter(
        x=list(windows), y=list(noise), name=_("Sampling alone"), mode="lines", fill="tozeroy",
        line={"width": 0, "color": colours.muted}, fillcolor=colours.line, hovertemplate="%{x}<br>%{y:.3f}",
    )  # fmt: skip
    figure.add_scatter(
        x=list(windows), y=list(values), name="PSI", mode="lines+markers", line={"color": colours.accent, "width": 2},
        marker={"size": 6}, hovertemplate="%{x}<br>PSI %{y:.3f}",
    )  # fmt: skip
    threshold(figure, limit, _("Limit {value}", value=number(limit, 2)))
    figure.update_xaxes(type="category", nticks=10, tickangle=0, showgrid=False)
    figure.update_yaxes(rangemode="tozero")
    chart(figure, reads="drift", means="psi", alt=alt, key=key, height=220)
