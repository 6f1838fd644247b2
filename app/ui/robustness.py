"""What shaking the inputs does to a version: the drop of its metric, kind by kind and level by level."""

from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.evaluation import metric_name
from app.ui.plot import Plot
from app.ui.text import label, md
from core.evidence.robustness.queries import Shaken
from core.evidence.robustness.report import Line
from core.evidence.robustness.shaking import KIND_NAMES, KIND_TEXTS
from core.i18n import _, day, number, percent

ROW = 30


def robustness_view(found: Shaken) -> None:
    """Draw the drops with their intervals, then the table."""
    report = found.report
    metric = metric_name(report.metric)
    answered = [one for one in report.lines if one.drop is not None]
    if answered:
        _chart(answered, metric, found)
    st.table(
        {
            _("Shaken by"): [_name(one) for one in report.lines],
            _("Drop of the metric"): [_drop(one) for one in report.lines],
            _("Decisions changed"): [_changed(one) for one in report.lines],
        },
        border="horizontal",
        hide_index=True,
    )
    note(
        _(
            "{metric} is {value} on the {rows} rows as they are; measured on {when}. Gates look at the marked lines.",
            metric=md(metric),
            value=number(report.clean, 3),
            rows=number(report.rows, 0),
            when=day(found.created_at),
        )
    )


def _chart(lines: Sequence[Line], metric: str, found: Shaken) -> None:
    colours = palette()
    shown = list(lines)[::-1]
    drops = [one.drop for one in shown if one.drop is not None]
    figure = Plot()
    figure.add_scatter(
        x=[-d.value for d in drops],
        y=[label(f"{_(KIND_NAMES[one.kind])} {percent(one.level, 0)}") for one in shown],
        mode="markers",
        marker={"size": 10, "color": colours.accent},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [d.value - d.low for d in drops],
            "arrayminus": [d.high - d.value for d in drops],
            "color": colours.soft,
            "thickness": 1.4,
            "width": 4,
        },
        hovertemplate="%{y}<br>%{x:.4f}<extra></extra>",
    )
    figure.add_vline(x=0, line={"dash": "dot", "width": 1, "color": colours.soft})
    figure.update_xaxes(title=label(_("change of {metric}", metric=metric)))
    figure.update_yaxes(showgrid=False)
    worst = max(lines, key=lambda one: one.drop.value if one.drop else 0.0)
    alt = _(
        "Change of {metric} under {n} shakes with intervals. Worst: {name}, {value}.",
        metric=metric,
        n=len(lines),
        name=_(KIND_NAMES[worst.kind]),
        value=number(-worst.drop.value if worst.drop else 0.0, 3),
    )
    chart(
        figure,
        reads="robustness",
        alt=alt,
        key=f"robustness_{found.version_id}",
        height=80 + ROW * max(len(shown), 3),
        legend=False,
    )


def _name(one: Line) -> str:
    mark = f" {badges.badge(_('gate'), badges.Tone.INFO, 'rule')}" if one.standard else ""
    what = _(KIND_TEXTS[one.kind], level=percent(one.level, 0))
    return f"**{_(KIND_NAMES[one.kind])}**{mark}  \n:gray[:small[{md(what)}]]"


def _drop(one: Line) -> str:
    if one.drop is None:
        words = badges.badge(_("does not answer"), badges.Tone.WARN, "block")
        return f"{words}  \n:gray[:small[{md(one.refusal)}]]" if one.refusal else "–"
    return f"{number(one.drop.value, 3)}  \n:gray[:small[{number(one.drop.low, 3)} – {number(one.drop.high, 3)}]]"


def _changed(one: Line) -> str:
    if one.changed is None:
        return "–"
    between = f"{percent(one.changed.low)} – {percent(one.changed.high)}"
    return f"{percent(one.changed.value)}  \n:gray[:small[{between}]]"
