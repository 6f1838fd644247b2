"""Global importance: bars with intervals, and two versions side by side as a dumbbell."""

from collections.abc import Sequence

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.evidence.explain import labels
from core.evidence.explain.importance import Importance, Pair
from core.i18n import _, number

ROW = 30
SHOWN = 15


def importance_bars(items: Sequence[Importance], *, unit: str, key: str, axis: str = "") -> None:
    """Draw mean |φ| with its 95 % interval, strongest at the top; the rest is summed in one bar."""
    colours = palette()
    shown = list(items[:SHOWN])[::-1]
    names = [label(shorten(labels.label(i.feature).name)) for i in shown]
    figure = Plot().add_bar(
        x=[i.mean_abs for i in shown],
        y=names,
        orientation="h",
        marker={"color": colours.accent},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [i.high - i.mean_abs for i in shown],
            "arrayminus": [i.mean_abs - i.low for i in shown],
            "color": colours.soft,
            "thickness": 1.2,
            "width": 3,
        },
        customdata=[[i.low, i.high] for i in shown],
        hovertemplate="%{y}<br>%{x:.4~g} [%{customdata[0]:.4~g} – %{customdata[1]:.4~g}]<extra></extra>",
    )
    figure.update_xaxes(title=label(axis or _("mean |Shapley value|, {unit}", unit=unit)), rangemode="tozero")
    strongest = ", ".join(labels.label(i.feature).name for i in items[:3])
    chart(
        figure,
        reads="importance",
        alt=_("Bars of mean absolute Shapley value by feature. Strongest: {names}.", names=strongest),
        key=key,
        height=90 + ROW * len(shown),
        legend=False,
    )


def importance_dumbbell(pairs: Sequence[Pair], *, left: str, right: str, unit: str, key: str) -> None:
    """Draw both versions' importances as two marks and a line per feature."""
    colours = palette()
    shown = list(pairs[:SHOWN])[::-1]
    names = [label(shorten(labels.label(p.feature).name)) for p in shown]
    figure = Plot()
    lines_x: list[float | None] = []
    lines_y: list[str | None] = []
    for name, pair in zip(names, shown, strict=True):
        lines_x += [pair.left, pair.right, None]
        lines_y += [name, name, None]
    figure.add_scatter(
        x=lines_x,
        y=lines_y,
        mode="lines",
        line={"color": colours.line, "width": 4},
        hoverinfo="skip",
        showlegend=False,
    )
    for name, values, colour, symbol in (
        (left, [p.left for p in shown], colours.muted, "diamond"),
        (right, [p.right for p in shown], colours.accent, "circle"),
    ):
        figure.add_scatter(
            x=values,
            y=names,
            mode="markers",
            name=label(name),
            marker={"color": colour, "size": 11, "symbol": symbol},
            hovertemplate="%{y}: %{x:.4~g}<extra>" + label(name) + "</extra>",
        )
    figure.update_xaxes(title=label(_("mean |Shapley value|, {unit}", unit=unit)), rangemode="tozero")
    chart(
        figure,
        reads="importance_shift",
        alt=_(
            "Mean absolute Shapley value by feature, {left} against {right}, {n} features.",
            left=left,
            right=right,
            n=number(len(shown)),
        ),
        key=key,
        height=110 + ROW * len(shown),
    )
