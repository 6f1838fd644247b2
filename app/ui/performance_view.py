"""Performance over time as far as labels are in."""

import math
from collections.abc import Sequence

from app.ui.empty import empty, note
from app.ui.moments import Moment
from app.ui.performance_chart import MetricPoint, performance_chart
from app.ui.text import md
from app.ui.window_name import tick, window_name
from core.assets.intake.evaluation import Estimate
from core.evidence.monitoring.performance import METRIC_NAMES, VOLUME, Metric
from core.evidence.monitoring.records import Point
from core.evidence.monitoring.windows import Grain
from core.i18n import _, number, percent

SHARES = (Metric.LABEL_COVERAGE, Metric.PREDICTED_POSITIVE)


def performance_view(
    points: Sequence[Point],
    metric: Metric,
    evaluated: Estimate | None,
    grain: Grain,
    happened: Sequence[Moment] = (),
) -> None:
    """Draw one metric with what `happened` meanwhile; without a point, say what is missing."""
    if not points:
        empty(
            _("No labels yet"),
            _("Performance appears as soon as labels of these predictions arrive."),
            icon="label_off",
        )
        return
    name = _(METRIC_NAMES[metric])
    drawn = [
        MetricPoint(
            tick(p.window, grain), p.measure.value, p.measure.low, p.measure.high, p.measure.n, p.coverage
        )
        for p in points
    ]
    last = points[-1]
    digits = 0 if metric == Metric.ROWS else 3
    said = _(
        "{name} was {value} in {when}, with {share} of the labels in.",
        name=name,
        value=number(last.measure.value, digits),
        when=window_name(last.window, grain),
        share=percent(last.coverage, 0),
    )
    known = evaluated.value if evaluated is not None and metric not in VOLUME else math.nan
    performance_chart(
        drawn,
        name=name,
        evaluated=None if math.isnan(known) else known,
        digits=digits,
        alt=said,
        key="performance_chart",
        happened=happened,
        windows={tick(p.window, grain): p.window for p in points},
    )
    note(md(said))
