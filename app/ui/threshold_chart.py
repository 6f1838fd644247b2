"""Expected worth against threshold, where it was chosen, with the choice and the break-even marked."""

from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.kpi_value import written
from app.ui.plot import Plot
from core.evidence.worth.matrix import CostMatrix
from core.evidence.worth.threshold import Explored, Point
from core.i18n import _, number, percent


def threshold_chart(found: Explored, matrix: CostMatrix, chosen: Point) -> None:
    """Draw the curve over the validation rows; `chosen` is the threshold that is looked at."""
    colours = palette()
    figure = Plot()
    x = [one.threshold for one in found.points]
    figure.add_interval(
        x, [p.low for p in found.points], [p.high for p in found.points],
        fillcolor=colours.line, opacity=0.5, name=_("95% interval"),
    )  # fmt: skip
    words = [
        f"{written(p.mean, matrix.currency)}<br>{_('says yes: {share}', share=percent(p.said_yes))}"
        for p in found.points
    ]
    figure.add_scatter(
        x=x, y=[p.mean for p in found.points], mode="lines", line={"color": colours.accent, "width": 2},
        customdata=words, hovertemplate="%{x:.2f}<br>%{customdata}<extra></extra>", name=_("Worth of a decision"),
    )  # fmt: skip
    figure.add_hline(
        max(found.all_yes, found.all_no), line={"color": colours.muted, "dash": "dot", "width": 1.5}
    )
    figure.add_vline(chosen.threshold, line={"color": colours.good, "width": 2})
    even = matrix.break_even()
    if even is not None:
        figure.add_vline(float(even), line={"color": colours.warn, "dash": "dash", "width": 1.5})
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title=_("Threshold"))
    figure.update_yaxes(title=matrix.currency)
    best = found.best
    alt = _(
        "Mean worth of a decision against the threshold; best at {threshold} with {worth}.",
        threshold=number(best.threshold, 2),
        worth=written(best.mean, matrix.currency),
    )
    chart(figure, reads="threshold", alt=alt, key="threshold_chart", height=320)
    reach = found.beats_no_model()
    said = _("Green: the threshold looked at. Dotted: the better of one decision for everybody.")
    if even is not None:
        said += " " + _("Dashed: break-even.")
    if reach is not None:
        said += " " + _(
            "The model earns more than no model between {low} and {high}.",
            low=number(reach[0], 2),
            high=number(reach[1], 2),
        )
    else:
        said += " " + _("At no threshold does the model earn more than one decision for everybody.")
    note(said)


def point_table(point: Point, currency: str) -> dict[str, list[str]]:
    """Return what a threshold comes to, as a table of words and figures."""
    interval = f"[{written(point.low, currency)}; {written(point.high, currency)}]"
    return {
        _("Worth of a decision"): [written(point.mean, currency)],
        _("95% interval"): [interval],
        _("Says yes"): [percent(point.said_yes)],
        _("Says no"): [percent(point.said_no)],
        _("Right yes"): [number(point.true_positives, 0)],
        _("Wrong yes"): [number(point.false_positives, 0)],
        _("Right no"): [number(point.true_negatives, 0)],
        _("Wrong no"): [number(point.false_negatives, 0)],
        _("Rows"): [number(point.n, 0)],
    }
