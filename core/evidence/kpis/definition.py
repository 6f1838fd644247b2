"""What a KPI is: a question, a metric that answers it, and the values that are good enough."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from core.errors import Invalid
from core.evidence.monitoring.performance import BY_TASK, LOWER_IS_BETTER, METRIC_NAMES, VOLUME, Metric
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain
from core.i18n import N_, _

LONGEST_NAME = 80
LONGEST_QUESTION = 300
LONGEST_UNIT = 16
PERCENT = "%"


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


DIRECTION_NAMES: Mapping[Direction, str] = {
    Direction.HIGHER: N_("Higher is better"),
    Direction.LOWER: N_("Lower is better"),
}


class Status(StrEnum):
    """How a value stands to its bands; without enough data there is no judgement."""

    ON_TARGET = "on_target"
    SHORT = "short_of_target"
    WARNING = "warning"
    CRITICAL = "critical"
    NOT_ENOUGH = "not_enough_data"


STATUS_NAMES: Mapping[Status, str] = {
    Status.ON_TARGET: N_("On target"),
    Status.SHORT: N_("Short of target"),
    Status.WARNING: N_("Warning"),
    Status.CRITICAL: N_("Critical"),
    Status.NOT_ENOUGH: N_("Not enough data"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One revision of a KPI; with the unit `%` values are shares of one, written as percentages."""

    name: str
    question: str
    owner_id: str
    metric: Metric
    unit: str
    direction: Direction
    target: float
    warning: float | None
    critical: float | None
    window: Grain
    minimum_n: int

    def judge(self, value: float | None, n: int) -> Status:
        """Place a value of `n` observations in the bands; a limit itself belongs to the better side of it."""
        if value is None or math.isnan(value) or n < self.minimum_n:
            return Status.NOT_ENOUGH
        sign = 1 if self.direction == Direction.HIGHER else -1

        def worse_than(limit: float | None) -> bool:
            return limit is not None and sign * value < sign * limit

        if worse_than(self.critical):
            return Status.CRITICAL
        if worse_than(self.warning):
            return Status.WARNING
        return Status.SHORT if worse_than(self.target) else Status.ON_TARGET


def metrics_for(task: str) -> tuple[Metric, ...]:
    """Return the metrics that a KPI of this task may use: performance first, then volume."""
    volume = VOLUME if task == "binary" else tuple(m for m in VOLUME if m != Metric.PREDICTED_POSITIVE)
    # A mean error is best at zero: neither direction fits it.
    return (*(m for m in BY_TASK.get(task, ()) if m != Metric.BIAS), *volume)


def usual_direction(metric: Metric) -> Direction:
    """Return which way is better for a metric, as a first proposal."""
    return Direction.LOWER if metric in LOWER_IS_BETTER else Direction.HIGHER


def usual_unit(metric: Metric) -> str:
    """Return the unit in which a metric is written, as a first proposal."""
    shares = (
        Metric.LABEL_COVERAGE,
        Metric.PREDICTED_POSITIVE,
        Metric.ACCURACY,
        Metric.PRECISION,
        Metric.RECALL,
    )
    return PERCENT if metric in shares else ""


def check(definition: Definition, task: str) -> None:
    """Raise `Invalid` naming the field that is wrong, and how to mend it."""
    name = definition.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(
            "kpi.name",
            N_("A KPI needs a name of at most {most} characters."),
            fix=N_("Name what is measured, as people say it."),
            field="name",
            most=LONGEST_NAME,
        )
    if len(definition.question) > LONGEST_QUESTION:
        raise Invalid(
            "kpi.question",
            N_("The question has more than {most} characters."),
            fix=N_("Ask one thing in one sentence."),
            field="question",
            most=LONGEST_QUESTION,
        )
    if len(definition.unit) > LONGEST_UNIT:
        raise Invalid(
            "kpi.unit", N_("The unit has more than {most} characters."), field="unit", most=LONGEST_UNIT
        )
    allowed = metrics_for(task)
    if definition.metric not in allowed:
        raise Invalid(
            "kpi.metric",
            N_("{metric} is not measured for this kind of model."),
            fix=N_("Choose one of: {allowed}."),
            field="metric",
            metric=_(METRIC_NAMES[definition.metric]),
            allowed=", ".join(_(METRIC_NAMES[one]) for one in allowed),
        )
    if definition.window not in WHOLE_DAYS:
        raise Invalid(
            "kpi.window",
            N_("A KPI is measured over days, weeks or months."),
            fix=N_("Choose a day or more: an hour has too few labels."),
            field="window",
        )
    if definition.minimum_n < 1:
        raise Invalid(
            "kpi.minimum_n",
            N_("The smallest sample is one observation or more."),
            fix=N_("30 is a usual choice."),
            field="minimum_n",
        )
    _check_bands(definition)


def _check_bands(definition: Definition) -> None:
    bands = {"target": definition.target, "warning": definition.warning, "critical": definition.critical}
    for field, value in bands.items():
        if value is not None and not math.isfinite(value):
            raise Invalid("kpi.limit", N_("{field} is not a number."), field=field)
    given = [(field, value) for field, value in bands.items() if value is not None]
    sign = 1 if definition.direction == Direction.HIGHER else -1
    for (better, high), (worse, low) in pairwise(given):
        if sign * low > sign * high:
            raise Invalid(
                "kpi.bands",
                N_("{worse} ({low}) is better than {better} ({high})."),
                fix=N_(
                    "Put target, warning and critical in falling order of how good they are, or turn the direction."
                ),
                field=worse,
                worse=worse,
                better=better,
                low=low,
                high=high,
            )
