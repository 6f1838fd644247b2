"""Partial dependence: what the model would say if one feature alone were otherwise, on average and row by row."""

from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.plot import Plot
from app.ui.text import label
from core.evidence.explain import labels
from core.evidence.explain.partial import Partial
from core.i18n import _, number


def partial_chart(found: Partial, *, answer: str, key: str) -> None:
    """Draw the mean with its interval over thin lines, one a row; `answer` names what the model says."""
    colours = palette()
    figure = Plot()
    x = list(found.grid) if found.numeric else [label(str(v)) for v in found.grid]
    for at, line in enumerate(found.lines):
        figure.add_scatter(
            x=x, y=list(line), mode="lines", line={"color": colours.muted, "width": 1}, opacity=0.35,
            hoverinfo="skip", showlegend=at == 0, name=_("One row each"), legendgroup="rows",
        )  # fmt: skip
    figure.add_interval(x, found.low, found.high, fillcolor=colours.line, opacity=0.5, name=_("95% interval"))
    figure.add_scatter(
        x=x, y=list(found.mean), mode="lines+markers", line={"color": colours.accent, "width": 2.5},
        marker={"size": 6}, name=_("Mean of all rows"), hovertemplate="%{x}<br>%{y:.3f}<extra></extra>",
    )  # fmt: skip
    name = labels.label(found.feature).name
    figure.update_xaxes(title=label(name), **({} if found.numeric else {"type": "category"}))
    figure.update_yaxes(title=label(answer))
    alt = _(
        "Mean answer against {feature}, from {low} to {high} over {n} rows.",
        feature=name,
        low=number(min(found.mean), 3),
        high=number(max(found.mean), 3),
        n=number(found.rows, 0),
    )
    chart(figure, reads="partial", alt=alt, key=key, height=330)
    note(
        _(
            "The answer if this feature alone were otherwise. Where features move together, some such rows never occur."
        )
    )
