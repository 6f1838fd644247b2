"""What an evaluation found: metrics with their intervals first, then the curves, then what it cost."""

import re
from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.glossary import defined, meaning
from app.ui.metric_strip import Figure, metric_strip
from app.ui.plot import Plot
from app.ui.text import code, label, md
from core.assets.intake.evaluation import SUPPLIED, Confusion, Estimate, Evaluation
from core.assets.intake.metric_names import METRIC_NAMES, metric_name
from core.i18n import N_, _, moment, ngettext, number

__all__ = ["METRIC_NAMES", "metric_name"]

LOSSES = frozenset({"brier", "log_loss", "ece", "mae", "rmse", "wape"})
NEAR_ZERO = frozenset({"bias"})
_DIFFERS = re.compile(r"differs: (?P<rows>\d+) rows, at most (?P<most>\S+)")
_HEADLINE = 4


def interval(estimate: Estimate) -> str:
    """Write a 95 % interval."""
    return f"{number(estimate.low, 3)} – {number(estimate.high, 3)}"


def headline(evaluation: Evaluation) -> None:
    """Draw the first metrics as a strip, each with interval and sample size."""
    metric_strip(
        [
            Figure(
                metric_name(name),
                number(found.value, 3),
                reference=interval(found),
                help_text=meaning(name)
                + " "
                + _(
                    "95 % interval {interval}, bootstrap over {rows}.",
                    interval=interval(found),
                    rows=ngettext("{n} row", "{n} rows", found.n),
                ),
            )
            for name, found in list(evaluation.metrics.items())[:_HEADLINE]
        ],
        columns=_HEADLINE,
    )


def metric_table(metrics: Mapping[str, Estimate]) -> None:
    """Draw every metric with interval, sample size and which way is better."""
    st.table(
        {
            _("Metric"): [f"**{md(metric_name(name))}**" for name in metrics],
            _("Value"): [number(found.value, 3) for found in metrics.values()],
            _("95 % interval"): [interval(found) for found in metrics.values()],
            _("Rows"): [number(found.n) for found in metrics.values()],
            _("Better"): [better(name) for name in metrics],
        },
        border="horizontal",
        hide_index=True,
    )
    with st.popover(_("What they mean"), icon=":material/help:", type="tertiary"):
        for name in metrics:
            st.markdown(defined(name))


def better(metric: str) -> str:
    """Say which way the metric is better."""
    if metric in NEAR_ZERO:
        return _("near zero")
    return _("lower") if metric in LOSSES else _("higher")


def evaluation_view(evaluation: Evaluation, *, key: str) -> None:
    """Draw the whole evaluation."""
    headline(evaluation)
    measured = _(
        "Measured {when} on {rows}", when=moment(evaluation.finished_at), rows=_rows(evaluation.rows)
    )
    with card(_("Metrics"), f":gray[{md(measured)}]"):
        metric_table(evaluation.metrics)
    drawn = [name for name in _CURVES if name in evaluation.curves]
    with st.grid(2, gap="small", min_column_width=340):
        for name in drawn:
            title, draw, reading = _CURVES[name]
            with card(_(title)):
                figure = draw(evaluation.curves[name])
                chart(figure, reads="evaluation", alt=_(reading), key=f"{key}_{name}", height=280)
                note(_(reading), icon="visibility")
        if evaluation.confusion is not None:
            with card(_("Confusion")):
                confusion_table(evaluation.confusion, evaluation.threshold)
    with card(_("How it ran")):
        _running(evaluation)


def confusion_table(confusion: Confusion, threshold: float | None) -> None:
    """Draw true classes down, decided classes across."""
    across = {
        _("Decided {label}", label=md(name)): [number(row[at]) for row in confusion.counts]
        for at, name in enumerate(confusion.labels)
    }
    truth = {_("Truly"): [f"**{md(name)}**" for name in confusion.labels]}
    st.table({**truth, **across}, border="horizontal", hide_index=True)
    if threshold is not None:
        note(_("Decided positive from a probability of {threshold}.", threshold=number(threshold, 3)))


def _running(evaluation: Evaluation) -> None:
    same = (
        badges.badge(_("Same predictions in two loads"), badges.Tone.GOOD)
        if evaluation.reproducible
        else badges.badge(_("Predictions differ between two loads"), badges.Tone.WARN)
    )
    if not evaluation.ran:
        note(_("The scores came with the data: Aval measured them and never ran the model."), icon="dataset")
    else:
        st.markdown(badges.row(same, *_cost(evaluation)))
    for text in evaluation.notes:
        kind, _colon, said = text.partition(": ")
        if text == SUPPLIED:
            continue
        if kind == "type":
            note(_("Kind of model: {type}", type=code(said)), icon="category")
        elif found := _DIFFERS.fullmatch(text):
            rows = ngettext("{n} row", "{n} rows", int(found["rows"]))
            note(
                _("Two loads differ in {rows}, by at most {most}.", rows=rows, most=code(found["most"])),
                icon="warning",
            )
        elif kind == "unlabelled" and said.isdigit():
            note(
                ngettext(
                    "{n} row without a label was left out.",
                    "{n} rows without a label were left out.",
                    int(said),
                )
            )
        else:
            note(md(text), icon="warning")


def _cost(evaluation: Evaluation) -> tuple[str, str]:
    speed = _(
        "{p50} ms per row, 95th percentile {p95} ms",
        p50=number(evaluation.latency_p50_ms, 3),
        p95=number(evaluation.latency_p95_ms, 3),
    )
    memory = _("{memory} MiB", memory=number(evaluation.memory_mb, 0))
    return badges.badge(speed, icon="speed"), badges.badge(memory, icon="memory")


def _rows(count: int) -> str:
    return ngettext("{n} row", "{n} rows", count)


Series = Mapping[str, Sequence[float]]


def _line(figure: Plot, x: Sequence[float], y: Sequence[float], name: str) -> Plot:
    style = {"color": palette().accent, "width": 2}
    return figure.add_scatter(x=list(x), y=list(y), mode="lines", name=name, line=style)


def _diagonal(low: float, high: float, name: str) -> Plot:
    style = {"color": palette().muted, "dash": "dash", "width": 1}
    return Plot().add_scatter(
        x=[low, high], y=[low, high], mode="lines", name=name, line=style, hoverinfo="skip"
    )


def _axes(figure: Plot, x: str, y: str) -> Plot:
    figure.update_xaxes(title=label(x))
    figure.update_yaxes(title=label(y))
    return figure


def _roc(curve: Series) -> Plot:
    figure = _line(_diagonal(0, 1, _("Chance")), curve["fpr"], curve["tpr"], _("Model"))
    return _axes(figure, _("False positive rate"), _("True positive rate"))


def _pr(curve: Series) -> Plot:
    figure = _line(Plot(), curve["recall"], curve["precision"], _("Model"))
    figure.update_yaxes(range=[0, 1.02])
    return _axes(figure, _("Recall"), _("Precision"))


def _calibration(curve: Series) -> Plot:
    every = [*curve["predicted"], *curve["observed"]]
    figure = _diagonal(min(every, default=0.0), max(every, default=1.0), _("Perfect"))
    figure.add_scatter(
        x=list(curve["predicted"]),
        y=list(curve["observed"]),
        mode="lines+markers",
        name=_("Model"),
        line={"color": palette().accent},
        customdata=[number(n) for n in curve["count"]],
        hovertemplate="%{x:.3f} → %{y:.3f}<br>n = %{customdata}<extra></extra>",
    )
    return _axes(figure, _("Mean prediction"), _("What happened"))


def _scores(curve: Series) -> Plot:
    colours = palette()
    figure = Plot()
    for series, name, colour in (
        ("negative", _("Truly negative"), colours.muted),
        ("positive", _("Truly positive"), colours.accent),
    ):
        figure.add_bar(x=list(curve["middle"]), y=list(curve[series]), name=name, marker={"color": colour})
    figure.update_layout(barmode="overlay", bargap=0.05)
    figure.update_traces(opacity=0.7)
    return _axes(figure, _("Predicted probability"), _("Rows"))


def _residuals(curve: Series) -> Plot:
    figure = Plot()
    figure.add_bar(
        x=list(curve["middle"]), y=list(curve["rows"]), marker={"color": palette().accent}, name=_("Rows")
    )
    figure.update_layout(bargap=0.05)
    return _axes(figure, _("Prediction less label"), _("Rows"))


def _scatter(curve: Series) -> Plot:
    every = [*curve["observed"], *curve["predicted"]]
    figure = _diagonal(min(every, default=0.0), max(every, default=1.0), _("Perfect"))
    figure.add_scatter(
        x=list(curve["predicted"]),
        y=list(curve["observed"]),
        mode="markers",
        name=_("A sample of the rows"),
        marker={"color": palette().accent, "opacity": 0.5, "size": 6},
    )
    return _axes(figure, _("Prediction"), _("Label"))


_CURVES = {
    "roc": (
        N_("ROC curve"),
        _roc,
        N_("The further above the dashed line, the better the model tells the outcomes apart."),
    ),
    "pr": (
        N_("Precision and recall"),
        _pr,
        N_("How many alarms are right, against how many cases are found."),
    ),
    "calibration": (
        N_("Calibration"),
        _calibration,
        N_("On the dashed line, a predicted probability is what happens."),
    ),
    "scores": (
        N_("Scores by outcome"),
        _scores,
        N_("The less the two shapes overlap, the better the outcomes part."),
    ),
    "scatter": (
        N_("Predicted and observed"),
        _scatter,
        N_("On the dashed line, the prediction is what happened."),
    ),
    "residuals": (N_("Errors"), _residuals, N_("Errors should lie around zero, without a long side.")),
}
"""Name of the curve → title, drawing, how to read it."""
