"""The strip of a release review: measured against the champion, and what the live version earns, with their courses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.ui.diff_table import Side, figures
from app.ui.kpi_value import bands, written
from app.ui.metric_strip import Figure
from app.ui.window_name import window_name
from core.assets.intake.evaluation import Evaluation
from core.evidence.kpis.definition import PERCENT, URGENCY, Direction, Status
from core.evidence.kpis.queries import Observation, Score
from core.evidence.monitoring.performance import VOLUME
from core.i18n import _, ngettext, number

METRICS, KPIS = 2, 2


def review_figures(
    candidate: Evaluation,
    before: Side | None,
    earlier: Sequence[Mapping[str, float]],
    scores: Sequence[Score],
    live_number: int,
    *,
    latency_holds: bool,
) -> list[Figure]:
    """Return the first metrics with their course over the versions, the live version's KPIs, and the latency.

    `earlier` are the metrics of the versions before, oldest first. A latency inside the policy's limit is no alarm.
    """
    shown = sorted((score for score in scores if _judged(score)), key=_urgency)[:KPIS]
    *metrics, latency = figures(candidate, before, most=METRICS + KPIS - len(shown))
    names = list(candidate.metrics)
    drawn = [
        replace(figure, series=_course(name, earlier, candidate))
        for name, figure in zip(names, metrics, strict=False)
    ]
    drawn += [_kpi(score, live_number) for score in shown]
    return [*drawn, replace(latency, reading="gray") if latency_holds else latency]


def _course(name: str, earlier: Sequence[Mapping[str, float]], candidate: Evaluation) -> tuple[float, ...]:
    return (*(metrics[name] for metrics in earlier if name in metrics), candidate.metrics[name].value)


def _judged(score: Score) -> list[Observation]:
    return [o for o in score.history if o.value is not None and o.status is not Status.NOT_ENOUGH]


def _urgency(score: Score) -> tuple[int, bool]:
    """What left its bands stands first, how much was scored last."""
    return URGENCY.index(score.status), score.kpi.definition.metric in VOLUME


def _kpi(score: Score, live_number: int) -> Figure:
    definition, judged = score.kpi.definition, _judged(score)
    latest = judged[-1]
    value = latest.value or 0.0
    away = value - definition.target
    return Figure(
        definition.name,
        written(value, definition.unit),
        _away(away, definition.unit),
        "gray"
        if latest.status is Status.ON_TARGET
        else "normal"
        if definition.direction is Direction.HIGHER
        else "inverse",
        _("vs target, v{number} live", number=live_number),
        " ".join(
            [
                window_name(latest.window, definition.window) + ",",
                ngettext("{n} row", "{n} rows", latest.n) + ".",
                bands(definition),
            ]
        ),
        tuple(o.value for o in judged if o.value is not None),
    )


def _away(difference: float, unit: str) -> str:
    """Write a distance; Streamlit reads the arrow's direction from a plain hyphen."""
    sign = "+" if difference > 0 else "-" if difference < 0 else ""
    if unit == PERCENT:
        return f"{sign}{_('{n} pp', n=number(abs(difference) * 100, 1))}"
    return sign + written(abs(difference), unit)
