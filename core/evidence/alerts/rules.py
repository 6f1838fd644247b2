"""When to raise an alert: rules as data, judged on the size of a change, with their reason in words."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

import numpy as np

from core.errors import Invalid
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.layout import Part
from core.evidence.monitoring.performance import LOWER_IS_BETTER, Measure, Metric
from core.evidence.monitoring.significance import adjusted
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_


class RuleKind(StrEnum):
    """What a rule looks at."""

    PSI = "psi"
    MISSING = "missing"
    NEW_CATEGORY = "new_category"
    OUT_OF_RANGE = "out_of_range"
    PERFORMANCE = "performance"


KIND_NAMES: Mapping[RuleKind, str] = {
    RuleKind.PSI: N_("Drift"),
    RuleKind.MISSING: N_("Missing values"),
    RuleKind.NEW_CATEGORY: N_("New category"),
    RuleKind.OUT_OF_RANGE: N_("Out of range"),
    RuleKind.PERFORMANCE: N_("Performance"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `limit` is in the unit of its kind, `metrics` names a metric per task for performance."""

    id: str
    kind: RuleKind
    grain: Grain
    limit: float
    minimum_rows: int
    part: Part | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that are published together."""

    name: str
    version: str
    rules: tuple[Rule, ...]
    false_discovery_rate: float
    hysteresis: float

    def of(self, grain: Grain) -> tuple[Rule, ...]:
        """Return the rules that judge windows of this grain."""
        return tuple(rule for rule in self.rules if rule.grain == grain)

    @property
    def drift_limit(self) -> float:
        """The PSI from which an input counts as drifted."""
        return next((r.limit for r in self.rules if r.kind == RuleKind.PSI), math.inf)


def parse(text: str) -> RuleSet:
    """Read a rule set from TOML; raise `Invalid` naming what is wrong."""
    try:
        raw = tomllib.loads(text)
        rules = tuple(
            Rule(
                id=str(one["id"]),
                kind=RuleKind(one["kind"]),
                grain=Grain(one["grain"]),
                limit=float(one["limit"]),
                minimum_rows=int(one["minimum_rows"]),
                part=Part(one["part"]) if "part" in one else None,
                metrics=cast("Mapping[str, str]", one.get("metrics", {})),
            )
            for one in raw["rule"]
        )
        return RuleSet(
            name=str(raw["name"]),
            version=str(raw["version"]),
            rules=rules,
            false_discovery_rate=float(raw.get("false_discovery_rate", 0)),
            hysteresis=float(raw.get("hysteresis", 1)),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid(
            "rules.unreadable",
            N_("The monitoring rules cannot be read: {reason}"),
            fix=N_("Compare them with alert_rules.toml."),
            reason=str(error),
        ) from error


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a catalogue key and its values; numbers are written in the reader's language when shown."""

    template: str
    values: Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Judged:
    """One window judged by one rule: over the limit, at rest, or in between (hysteresis keeps the state)."""

    window: Window
    value: float
    over: bool
    rests: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Episode:
    """Windows in a row that one rule holds against one column; `open` while the last one has not come to rest."""

    rule: Rule
    subject: str
    first: Window
    last: Window
    worst: float
    reason: Reason
    open: bool


def judge_drift(
    rules: RuleSet,
    grain: Grain,
    windows: Sequence[Window],
    columns: Sequence[ColumnDrift],
    novel: Sequence[Mapping[str, Mapping[str, int]]],
) -> list[Episode]:
    """Judge every column in every window by the rules of this grain; `novel` are each window's new categories."""
    found: list[Episode] = []
    for rule in rules.of(grain):
        if rule.kind == RuleKind.PERFORMANCE:
            continue
        watched = [c for c in columns if rule.part is None or c.part == rule.part]
        surprising = _surprising(rules, rule, watched)
        for index, column in enumerate(watched):
            judged = [
                one
                for position, window in enumerate(windows)
                if (one := _judge(rules, rule, column, position, window, novel, surprising[index][position]))
            ]
            found.extend(episodes(rule, column.name, judged))
    return found


def _surprising(rules: RuleSet, rule: Rule, columns: Sequence[ColumnDrift]) -> Sequence[Sequence[bool]]:
    if rule.kind != RuleKind.PSI or rules.false_discovery_rate <= 0 or not columns:
        return [[True] * len(c.rows) for c in columns]
    p = np.stack([c.p_value for c in columns])
    q = np.stack([adjusted(p[:, w]) for w in range(p.shape[1])], axis=1)
    # A constant column's p-value says nothing; missing values are in PSI but not in p: size alone decides there.
    return cast("Sequence[Sequence[bool]]", (np.isnan(q) | (q <= rules.false_discovery_rate)).tolist())


def _judge(
    rules: RuleSet,
    rule: Rule,
    column: ColumnDrift,
    at: int,
    window: Window,
    novel: Sequence[Mapping[str, Mapping[str, int]]],
    surprising: bool,
) -> Judged | None:
    rows = int(column.rows[at])
    if rows < rule.minimum_rows:
        return None
    values: dict[str, float | str] = {"rows": float(rows), "limit": rule.limit}
    if rule.kind == RuleKind.PSI:
        value, noise = float(column.psi[at]), float(column.psi_noise[at])
        over = value > rule.limit and value > noise and surprising
        template = N_(
            "PSI of {column} was {value}, above {limit}. Sampling alone reaches {noise}; {rows} rows."
        )
        values |= {"value": value, "noise": noise}
    elif rule.kind == RuleKind.MISSING:
        share = float(column.missing[at])
        value = share - column.missing_reference
        over = value > rule.limit and value > float(column.missing_noise[at])
        template = N_("Missing values in {column} rose from {before} to {now}; {rows} rows.")
        values |= {"before": column.missing_reference, "now": share}
    elif rule.kind == RuleKind.NEW_CATEGORY:
        value = float(column.new_share[at])
        over = value > rule.limit
        template = N_(
            "{share} of {column} are categories that the reference does not have: {new}; {rows} rows."
        )
        new = novel[at].get(column.name, {})
        values |= {"share": value, "new": ", ".join(list(new)[:5])}
    else:
        share = float(column.out_of_range[at])
        value = share
        over = value > rule.limit
        template = N_("{share} of {column} lie outside the reference's range; {rows} rows.")
        values |= {"share": share}
    if math.isnan(value):
        return None
    rests = value <= rule.limit * rules.hysteresis
    return Judged(window, value, over, rests, Reason(template, values))


def judge_performance(
    rules: RuleSet,
    grain: Grain,
    task: str,
    reference: Mapping[str, float],
    measured: Sequence[tuple[Window, Mapping[Metric, Measure]]],
) -> list[Episode]:
    """Judge windows' metrics against the evaluated ones: over when the whole interval is worse by the limit."""
    found: list[Episode] = []
    for rule in rules.of(grain):
        name = rule.metrics.get(task, "")
        if rule.kind != RuleKind.PERFORMANCE or name not in reference:
            continue
        metric, expected = Metric(name), reference[name]
        sign = 1 if metric in LOWER_IS_BETTER else -1
        judged = []
        for window, measures in measured:
            one = measures.get(metric)
            if one is None or one.n < rule.minimum_rows or math.isnan(one.low):
                continue
            margin = rule.limit * abs(expected)
            near_end = one.low if sign > 0 else one.high
            worse = sign * (near_end - expected)
            values = {
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "expected": expected,
                "rows": float(one.n),
            }
            reason = Reason(
                N_("{column} was {value} [{low}; {high}] against {expected} when evaluated; {rows} rows."),
                values,
            )
            judged.append(
                Judged(window, one.value, worse > margin, worse <= margin * rules.hysteresis, reason)
            )
        found.extend(episodes(rule, metric.value, judged, sign=sign))
    return found


def episodes(rule: Rule, subject: str, judged: Sequence[Judged], *, sign: int = 1) -> list[Episode]:
    """Join windows in a row; an episode ends with the first window at rest, and keeps its worst reason."""
    found: list[Episode] = []
    current: Episode | None = None
    for one in sorted(judged, key=lambda each: each.window):
        if current is None:
            if one.over:
                current = Episode(rule, subject, one.window, one.window, one.value, one.reason, open=True)
            continue
        if one.rests:
            found.append(_closed(current))
            current = None
        elif one.over:
            worse = sign * one.value > sign * current.worst
            current = Episode(
                rule,
                subject,
                current.first,
                one.window,
                one.value if worse else current.worst,
                one.reason if worse else current.reason,
                open=True,
            )
    if current is not None:
        found.append(current)
    return found


def _closed(one: Episode) -> Episode:
    return Episode(one.rule, one.subject, one.first, one.last, one.worst, one.reason, open=False)
