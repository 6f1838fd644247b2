"""All explained rows at once: a beeswarm by feature, and one feature's dependence."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from app.ui.charts import MAX_POINTS, Palette, chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.assets.datasets.schema import is_number
from core.evidence.explain import labels
from core.evidence.explain.swarm import Swarm, ranks
from core.evidence.explain.words import value_text
from core.i18n import _

ROW = 44
CATEGORIES = 12


def beeswarm(swarms: Sequence[Swarm], *, unit: str, key: str) -> None:
    """Draw one line of points per feature: right raises the result; the colour is the feature's value."""
    colours = palette()
    lines = list(swarms)[::-1]
    figure = Plot()
    legend = next((i for i, s in enumerate(lines) if not np.isnan(s.rank).all()), -1)
    for line, swarm in enumerate(lines):
        ordered = ~np.isnan(swarm.rank)
        figure.add_scatter(
            x=swarm.phi,
            y=line + swarm.offset,
            mode="markers",
            marker={
                "size": 5,
                "color": np.where(ordered, swarm.rank, 0.5) if ordered.any() else colours.muted,
                "colorscale": [list(stop) for stop in colours.low_to_high],
                "cmin": 0,
                "cmax": 1,
                "opacity": 0.8,
                "showscale": line == legend,
                "colorbar": {
                    "title": {"text": _("Value"), "side": "right"},
                    "tickvals": [0, 1],
                    "ticktext": [_("low"), _("high")],
                    "thickness": 8,
                    "outlinewidth": 0,
                },
            },
            text=[label(value_text(_python(v))) for v in swarm.values],
            hovertemplate=label(swarm.feature) + " = %{text}<br>%{x:+.4~g}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": colours.line, "width": 1})
    figure.update_yaxes(
        tickvals=list(range(len(lines))),
        ticktext=[label(shorten(labels.label(s.feature).name)) for s in lines],
        range=[-0.6, len(lines) - 0.4],
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(title=label(_("Shapley value, {unit}", unit=unit)))
    chart(
        figure,
        reads="beeswarm",
        alt=_(
            "Beeswarm of Shapley values of the {n} strongest features; each point is one row.", n=len(lines)
        ),
        key=key,
        height=90 + ROW * len(lines),
        legend=False,
    )


def dependence(
    values: pd.Series,
    phi: pd.Series,
    *,
    feature: str,
    unit: str,
    key: str,
    colour: pd.Series | None = None,
    colour_name: str = "",
) -> None:
    """Draw what each value of a feature did to the result: points for numbers, boxes for categories.

    `colour` is the feature that tells most of the spread at one value; points are coloured by its rank.
    """
    colours = palette()
    step = max(1, -(-len(values) // MAX_POINTS))
    values, phi = values.iloc[::step], phi.iloc[::step]
    figure = Plot()
    if is_number(values):
        figure.add_scatter(
            x=values.to_numpy(float),
            y=phi.to_numpy(float),
            mode="markers",
            marker=_marker(colours, None if colour is None else colour.iloc[::step], colour_name),
            hovertemplate="%{x:.4~g}<br>%{y:+.4~g}<extra></extra>",
        )
    else:
        texts = values.astype("string").fillna(_("missing"))
        for name in texts.value_counts().index[:CATEGORIES]:
            low, lower, middle, upper, high = np.quantile(phi[texts == name], [0.05, 0.25, 0.5, 0.75, 0.95])
            figure.add_box(
                x=[label(shorten(name, 20))],
                lowerfence=[low],
                q1=[lower],
                median=[middle],
                q3=[upper],
                upperfence=[high],
                marker={"color": colours.accent},
                showlegend=False,
            )
    figure.add_hline(y=0, line={"color": colours.line, "width": 1})
    figure.update_xaxes(title=label(labels.label(feature).name))
    figure.update_yaxes(title=label(_("Shapley value, {unit}", unit=unit)))
    chart(
        figure,
        reads="dependence",
        alt=_("Shapley value of {feature} against its value, one point per explained row.", feature=feature),
        key=key,
        height=330,
        legend=False,
    )


def _marker(colours: Palette, colour: pd.Series | None, name: str) -> dict[str, object]:
    if colour is None:
        return {"size": 5, "color": colours.accent, "opacity": 0.55}
    return {
        "size": 5,
        "opacity": 0.7,
        "color": np.nan_to_num(ranks(colour), nan=0.5),
        "colorscale": [list(stop) for stop in colours.low_to_high],
        "cmin": 0,
        "cmax": 1,
        "showscale": True,
        "colorbar": {
            "title": {"text": label(shorten(name, 24)), "side": "right"},
            "tickvals": [0, 1],
            "ticktext": [_("low"), _("high")],
            "thickness": 8,
            "outlinewidth": 0,
        },
    }


def _python(value: object) -> object:
    """The value without numpy's or pandas' types; None where it is missing."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
