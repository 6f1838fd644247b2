"""Performance over time as far as labels are in, beside what was expected before they came."""

import math
from collections.abc import Sequence

from app.ui.empty import empty, note
from app.ui.moments import Moment
from app.ui.performance_chart import MetricPoint, performance_chart
from app.ui.text import md
from app.ui.window_name import tick, window_name
from core.assets.intake.evaluation import Estimate
from core.evidence.monitoring.performance import METRIC_NAMES, VOLUME, Measure, Metric
from core.evidence.monitoring.records import Estimated, Point
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_, _, ngettext, number, percent

METHODS = {
    "cbpe": N_("confidence-based estimation, CBPE"),
    "dle": N_("direct loss estimation, DLE"),
}


def performance_view(
    points: Sequence[Point],
    metric: Metric,
    evaluated: Estimate | None,
    grain: Grain,
    *,
    expected: Sequence[Estimated] = (),
    happened: Sequence[Moment] = (),
) -> None:
    """Draw one metric beside what was `expected` of it and what `happened` meanwhile; without both, say why."""
    if not points and not expected:
        empty(
            _("No labels yet"),
            _("Performance appears as soon as labels of these predictions arrive."),
            icon="label_off",
        )
        return
    digits = 0 if metric == Metric.ROWS else 3
    said = [one for one in (_known(points, metric, grain, digits), trial(expected, grain, digits)) if one]
    known = evaluated.value if evaluated is not None and metric not in VOLUME else math.nan
    performance_chart(
        [_drawn(p.window, p.measure, grain, p.coverage) for p in points],
        name=_(METRIC_NAMES[metric]),
        evaluated=None if math.isnan(known) else known,
        digits=digits,
        alt=" ".join(said),
        key="performance_chart",
        windows={tick(w, grain): w for w in [*(p.window for p in points), *(e.window for e in expected)]},
        expected=[_drawn(one.window, one.expected, grain) for one in expected],
        happened=happened,
        means=metric.value,
    )
    for one in said:
        note(md(one))


def _drawn(window: Window, measure: Measure, grain: Grain, coverage: float = 0.0) -> MetricPoint:
    return MetricPoint(tick(window, grain), measure.value, measure.low, measure.high, measure.n, coverage)


def _known(points: Sequence[Point], metric: Metric, grain: Grain, digits: int) -> str:
    if not points:
        return _("No labels yet: only what the predictions let expect is shown.")
    last = points[-1]
    return _(
        "{name} was {value} in {when}, with {share} of the labels in.",
        name=_(METRIC_NAMES[metric]),
        value=number(last.measure.value, digits),
        when=window_name(last.window, grain),
        share=percent(last.coverage, 0),
    )


def trial(expected: Sequence[Estimated], grain: Grain, digits: int) -> str:
    """Say what the newest estimate expects, and how the older ones did once labels came."""
    if not expected:
        return ""
    last = expected[-1]
    sentence = _(
        "From the predictions alone, {value} [{low}; {high}] is expected for {when} ({method}).",
        value=number(last.expected.value, digits),
        low=number(last.expected.low, digits),
        high=number(last.expected.high, digits),
        when=window_name(last.window, grain),
        method=_(METHODS[last.method]),
    )
    judged = [one for one in expected if one.held is not None]
    gaps = [abs(one.gap) for one in judged if one.gap is not None]
    if not gaps:
        return sentence
    held = sum(bool(one.held) for one in judged)
    tried = ngettext(
        "Where labels came, both intervals met in {held} of {n} window, and the estimate was off by {gap}.",
        "Where labels came, both intervals met in {held} of {n} windows, and estimates were off by {gap} on average.",
        len(judged),
        held=held,
        gap=number(sum(gaps) / len(gaps), digits),
    )
    warning = _("No estimate sees that inputs and labels came to hang together differently: wait for labels.")
    return " ".join([sentence, tried, *([warning] if held < len(judged) / 2 else [])])
