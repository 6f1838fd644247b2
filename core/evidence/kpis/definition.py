"""What a KPI is: a question, a metric that answers it, and the values that are good enough."""

import math
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from core.errors import Invalid
from core.evidence.kpis.formula import Column, Formula, Kind, unit_named, unit_text
from core.evidence.kpis.formula_plan import plan
from core.evidence.monitoring.performance import BY_TASK, DESK, LOWER_IS_BETTER, METRIC_NAMES, VOLUME, Metric
from core.evidence.monitoring.windows import Grain
from core.i18n import N_, _

LONGEST_NAME = 80
LONGEST_QUESTION = 300
LONGEST_UNIT = 16
LEAST_EVERY, MOST_EVERY = 10, 1_000_000
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


URGENCY = (Status.CRITICAL, Status.WARNING, Status.SHORT, Status.ON_TARGET, Status.NOT_ENOUGH)
"""In the order in which somebody should look."""

STATUS_NAMES: Mapping[Status, str] = {
    Status.ON_TARGET: N_("On target"),
    Status.SHORT: N_("Short of target"),
    Status.WARNING: N_("Warning"),
    Status.CRITICAL: N_("Critical"),
    Status.NOT_ENOUGH: N_("Not enough data"),
}


class KpiKind(StrEnum):
    """What a KPI is about."""

    MODEL = "model"
    BUSINESS = "business"
    DATA = "data"
    FAIRNESS = "fairness"
    OPERATIONS = "operations"


KIND_NAMES: Mapping[KpiKind, str] = {
    KpiKind.MODEL: N_("Model metric"),
    KpiKind.BUSINESS: N_("Business value"),
    KpiKind.DATA: N_("Data quality"),
    KpiKind.FAIRNESS: N_("Fairness"),
    KpiKind.OPERATIONS: N_("Operations"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One revision of a KPI: a metric of monitoring, or a formula over the log.

    With the unit `%` values are shares of one, written as percentages; with a `currency` they are money in it. The
    window is a calendar one in `zone`, or holds `every` rows each. `units` name the units of columns, such as
    ("amount", "BRL"); every row of `currency_column` must name the currency.
    """

    name: str
    question: str
    owner_id: str
    metric: Metric | None
    unit: str
    direction: Direction
    target: float
    warning: float | None
    critical: float | None
    window: Grain
    minimum_n: int
    kind: KpiKind = KpiKind.MODEL
    formula: str = ""
    currency: str = ""
    zone: str = "UTC"
    every: int = 0
    segment: str = ""
    counter_metric: str = ""
    currency_column: str = ""
    units: tuple[tuple[str, str], ...] = ()

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
    """Return the metrics that a KPI of this task may use: performance first, then volume, then the review desk."""
    volume = VOLUME if task == "binary" else tuple(m for m in VOLUME if m != Metric.PREDICTED_POSITIVE)
    # A mean error is best at zero: neither direction fits it.
    return (*(m for m in BY_TASK.get(task, ()) if m != Metric.BIAS), *volume, *DESK)


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
        Metric.OVERTURNED,
    )
    return PERCENT if metric in shares else ""


def check(definition: Definition, task: str, columns: Sequence[Column] = ()) -> None:
    """Raise `Invalid` naming the field that is wrong, and how to mend it; `columns` are those a formula may name."""
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
    if definition.formula:
        check_formula(definition, columns)
    else:
        _check_metric(definition, task)
    if definition.minimum_n < 1:
        raise Invalid(
            "kpi.minimum_n",
            N_("The smallest sample is one observation or more."),
            fix=N_("30 is a usual choice."),
            field="minimum_n",
        )
    _check_bands(definition)


def _check_metric(definition: Definition, task: str) -> None:
    allowed = metrics_for(task)
    if definition.metric not in allowed:
        raise Invalid(
            "kpi.metric",
            N_("{metric} is not measured for this kind of model."),
            fix=N_("Choose one of: {allowed}."),
            field="metric",
            metric=_(METRIC_NAMES[definition.metric]) if definition.metric else "–",
            allowed=", ".join(_(METRIC_NAMES[one]) for one in allowed),
        )
    if definition.zone != "UTC" or definition.every or definition.segment or definition.currency:
        raise Invalid(
            "kpi.metric_window",
            N_("A metric of monitoring is measured over whole days in UTC, over all rows."),
            fix=N_("Write a formula for other windows, segments or money."),
            field="formula",
        )


def check_formula(  # noqa: C901 - one line per field
    definition: Definition, columns: Sequence[Column]
) -> Formula:
    """Read a definition's formula and what belongs to it; raise `Invalid` with the field."""
    if definition.metric is not None:
        raise Invalid("kpi.both", N_("A KPI is a metric or a formula, not both."), field="formula")
    from core.evidence.kpis.formula_reading import read_formula  # noqa: PLC0415 - it loads the parser

    told = dict(definition.units)
    held = [replace(one, unit=unit_named(told[one.name])) if one.name in told else one for one in columns]
    by_name = {one.name: one for one in held}
    for field, name in (("segment", definition.segment), ("currency_column", definition.currency_column)):
        if name and (name not in by_name or by_name[name].kind not in (Kind.TEXT, Kind.BOOLEAN)):
            texts = ", ".join(one.name for one in held if one.kind == Kind.TEXT)
            raise Invalid(
                "kpi.column", N_("{name} is no column of text."), fix=N_("The columns of text are: {texts}."),
                field=field, name=name, texts=texts,
            )  # fmt: skip
    for name in told:
        if name not in by_name:
            raise Invalid("kpi.unit_column", N_("There is no column {name}."), field="units", name=name)
    if definition.currency and not re.fullmatch(r"[A-Z]{3}", definition.currency):
        raise Invalid(
            "kpi.currency", N_("A currency has three capital letters, such as BRL or EUR."), field="currency"
        )
    if definition.zone not in zoneinfo.available_timezones():
        raise Invalid(
            "kpi.zone", N_("There is no time zone {zone}."), fix=N_("Write it as America/Sao_Paulo."), field="zone",
            zone=definition.zone,
        )  # fmt: skip
    if definition.every and not LEAST_EVERY <= definition.every <= MOST_EVERY:
        raise Invalid(
            "kpi.every",
            N_("A window holds {least} to {most} rows."),
            field="every",
            least=LEAST_EVERY,
            most=MOST_EVERY,
        )
    read = read_formula(definition.formula, held)
    if definition.every and (definition.segment or not plan(read).adds_up):
        raise Invalid(
            "kpi.every_whole",
            N_("Windows by count go with sums, means, counts and shares, without segments."),
            fix=N_("Choose a calendar window."),
            field="every",
        )
    if definition.currency and read.unit not in (None, (), unit_named(definition.currency)):
        raise Invalid(
            "kpi.formula_currency",
            N_("The formula gives {unit}, the KPI is in {currency}."),
            field="currency",
            unit=unit_text(read.unit or ()),
            currency=definition.currency,
        )
    return read


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
