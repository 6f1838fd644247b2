"""Five figures at the top of monitoring, each with its reference."""

import math
from collections.abc import Sequence

from app.ui.drift_view import drifted
from app.ui.metric_strip import Figure, metric_strip
from app.ui.window_name import window_name
from core.assets.intake.evaluation import Evaluation
from core.evidence.monitoring.layout import Part
from core.evidence.monitoring.performance import LOWER_IS_BETTER, METRIC_NAMES, Metric
from core.evidence.monitoring.records import Coverage, Drift, Point
from core.i18n import _, day, number, percent

SERIES = 60
_DIGITS = 3


def monitoring_figures(
    drift: Drift,
    coverage: Coverage,
    points: Sequence[Point],
    metric: Metric,
    evaluation: Evaluation | None,
    limit: float,
) -> None:
    """Draw volume, labels, columns that moved, drift of the output, and performance."""
    rows = [int(n) for n in drift.columns[0].rows[-SERIES:]]
    moved = [float(len(drifted(drift, at, limit))) for at in range(len(drift.windows))][-SERIES:]
    when = window_name(drift.windows[-1], drift.grain)
    figures = [
        Figure(
            _("Predictions"),
            number(coverage.rows, 0),
            help_text=_("From {first} to {last}", first=day(coverage.first), last=day(coverage.last)),
            series=tuple(float(n) for n in rows),
        ),
        Figure(
            _("Labels in"),
            percent(coverage.labelled / coverage.rows, 0),
            help_text=_("{n} predictions have a label", n=number(coverage.labelled, 0)),
        ),
        Figure(
            _("Columns moved"),
            _("{n} of {all}", n=int(moved[-1]), all=len(drift.columns)),
            help_text=_("PSI above {limit} in {when}", limit=number(limit, 2), when=when),
            series=tuple(moved),
        ),
    ]
    outputs = [c for c in drift.columns if c.part == Part.OUTPUT and not math.isnan(c.psi[-1])]
    output = max(outputs, key=lambda c: float(c.psi[-1]), default=None)
    if output is not None:
        figures.append(
            Figure(
                _("Prediction drift"),
                f"PSI {number(float(output.psi[-1]), 2)}",
                help_text=_("In {when}; the limit is {limit}", when=when, limit=number(limit, 2)),
                series=tuple(float(v) for v in output.psi[-SERIES:] if not math.isnan(v)),
            )
        )
    if points:
        figures.append(_performance(points, metric, evaluation, drift))
    metric_strip(figures)


def _performance(
    points: Sequence[Point], metric: Metric, evaluation: Evaluation | None, drift: Drift
) -> Figure:
    last = points[-1]
    held = evaluation.metrics.get(metric.value) if evaluation else None
    delta, moved = "", 0.0
    if held is not None and not math.isnan(held.value):
        moved = round(last.measure.value - held.value, _DIGITS)
        delta = f"{'+' * (moved > 0)}{number(moved or 0.0, _DIGITS)}"
    return Figure(
        _(METRIC_NAMES[metric]),
        number(last.measure.value, _DIGITS),
        delta=delta,
        reading="gray" if not moved else "inverse" if metric in LOWER_IS_BETTER else "normal",
        reference=_("vs evaluation") if delta else "",
        help_text=_(
            "{when}: {n} rows with a label, {share} of all",
            when=window_name(last.window, drift.grain),
            n=number(last.measure.n, 0),
            share=percent(last.coverage, 0),
        ),
        series=tuple(p.measure.value for p in points[-SERIES:]),
    )
