"""Two distributions laid over one another: the reference as an outline, the window as bars."""

from collections.abc import Sequence

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.i18n import _


def distribution_chart(
    names: Sequence[str],
    reference: Sequence[float],
    current: Sequence[float],
    *,
    ordered: bool,
    current_name: str,
    alt: str,
    key: str,
) -> None:
    """Draw shares per bin; `ordered` bins run along the axis, others stand side by side."""
    colours = palette()
    shown = [label(shorten(name, 24)) for name in names]
    places = list(range(len(shown)))
    hover = "%{customdata}<br>%{y:.1%}<extra>%{fullData.name}</extra>"
    figure = Plot()
    if ordered:
        figure.add_bar(
            x=places, y=list(current), customdata=shown, name=current_name, marker_color=colours.accent, opacity=0.75,
            hovertemplate=hover,
        )  # fmt: skip
        figure.add_scatter(
            x=places, y=list(reference), customdata=shown, name=_("Reference"), mode="lines",
            line={"shape": "hvh", "color": colours.text, "width": 1.5}, hovertemplate=hover,
        )  # fmt: skip
        figure.update_layout(bargap=0.08)
    else:
        figure.add_bar(
            x=places,
            y=list(reference),
            customdata=shown,
            name=_("Reference"),
            marker_color=colours.muted,
            hovertemplate=hover,
        )
        figure.add_bar(
            x=places,
            y=list(current),
            customdata=shown,
            name=current_name,
            marker_color=colours.accent,
            hovertemplate=hover,
        )
    step = max(1, len(shown) // (5 if ordered else 8))
    ticks = [text.split(" – ")[0] if ordered else text for text in shown]
    figure.update_xaxes(
        tickvals=places[::step], ticktext=ticks[::step], tickangle=0 if ordered else None, showgrid=False
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    chart(figure, reads="distribution", alt=alt, key=key, height=260)
