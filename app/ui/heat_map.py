"""Drift at a glance: columns down, windows across, the worst column first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.i18n import _, number

ROW = 22
HEAD = 60


@dataclass(frozen=True)
class HeatRow:
    """One column: its name and one value per window, NaN where there is none."""

    name: str
    values: tuple[float, ...]


def heat_map(
    rows: Sequence[HeatRow], windows: Sequence[str], *, limit: float, alt: str, key: str, picture: str = ""
) -> None:
    """Draw the rows from top to bottom; colour changes from blue to orange at `limit`."""
    colours = palette()
    names = [label(shorten(row.name, 28)) for row in rows]
    unique = [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]
    values = [[None if math.isnan(v) else v for v in row.values] for row in rows]
    words = [[_("no data") if v is None else number(v, 3) for v in row] for row in values]
    figure = Plot().add_heatmap(
        z=values,
        x=list(windows),
        y=unique,
        customdata=words,
        zmin=0,
        zmax=2 * limit,
        colorscale=[
            [0.0, _faint(colours.accent, 0.06)],
            [0.499, _faint(colours.accent, 0.55)],
            [0.5, _faint(colours.warn, 0.6)],
            [1.0, _faint(colours.warn, 1.0)],
        ],
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y}<br>%{x}<br>PSI %{customdata}<extra></extra>",
        colorbar={
            "thickness": 8,
            "len": 1,
            "outlinewidth": 0,
            "tickvals": [0, limit, 2 * limit],
            "ticktext": ["0", number(limit, 2), f"≥ {number(2 * limit, 2)}"],
        },
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(showgrid=False, type="category", nticks=12, tickangle=0)
    chart(
        figure,
        reads="heat",
        alt=alt,
        key=key,
        height=HEAD + ROW * max(len(rows), 3),
        legend=False,
        picture=picture,
    )


def _faint(colour: str, strength: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength})"
