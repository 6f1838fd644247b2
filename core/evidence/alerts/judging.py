"""Judge windows by rules: on the size of a change, with the reason in words; windows in a row are one episode."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from core.evidence.alerts.rules import OF_METRICS, Rule, RuleKind, RuleSet
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.performance import LOWER_IS_BETTER, Measure, Metric
from core.evidence.monitoring.significance import adjusted
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_

NAMED = 5


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
    """Windows in a row that one rule holds against one column; `open` while the last one has not come to rest.

    `known` is the window at whose end the rule could first tell; `peak` the window of the worst value.
    """

    rule: Rule
    subject: str
    first: Window
    last: Window
    worst: float
    reason: Reason
    open: bool
    known: Window
    peak: Window


@dataclass(slots=True)
class Verdicts:
    """What rules say of a version's windows; `last` is the newest window that each rule could judge of each subject."""

    episodes: list[Episode] = field(default_factory=list)
    last: dict[tuple[str, str], Window] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)

    def add(self, rule: Rule, subject: str, judged: Sequence[Judged], *, sign: int = 1) -> None:
        """Take what one rule says of one column or metric."""
        self.columns.add(subject)
        if judged:
            self.last[rule.id, subject] = max(one.window for one in judged)
        self.episodes += episodes(rule, subject, judged, sign=sign)

    def join(self, other: "Verdicts") -> None:
        """Take what was said of other rules."""
        self.episodes += other.episodes
        self.last |= other.last
        self.columns |= other.columns


def judge_drift(
    rules: RuleSet,
    grain: Grain,
    windows: Sequence[Window],
    columns: Sequence[ColumnDrift],
    novel: Sequence[Mapping[str, Mapping[str, int]]],
) -> Verdicts:
    """Judge every column in every window by the rules of this grain; `novel` are each window's new categories."""
    found = Verdicts()
    for rule in rules.of(grain):
        if rule.kind in OF_METRICS:
            continue
        watched = [c for c in columns if rule.watches(c.name, c.part)]
        sure = _surprising(rules, rule, watched)
        for place, column in enumerate(watched):
            judged = [
                one
                for at, window in enumerate(windows)
                if (one := _judge(rules, rule, column, at, window, novel[at], surprising=sure[place][at]))
            ]
            found.add(rule, column.name, judged)
    return found


def _surprising(rules: RuleSet, rule: Rule, columns: Sequence[ColumnDrift]) -> Sequence[Sequence[bool]]:
    if rule.kind != RuleKind.PSI or rules.false_discovery_rate <= 0 or not columns:
        return [[True] * len(c.rows) for c in columns]
    p = np.stack([c.p_value for c in columns])
    q = np.stack([adjusted(p[:, w]) for w in range(p.shape[1])], axis=1)
    # A constant column's p-value says nothing; missing values are in PSI but not in p: size alone decides there.
    return cast("Sequence[Sequence[bool]]", (np.isnan(q) | (q <= rules.false_discovery_rate)).tolist())


_TEMPLATES: Mapping[RuleKind, str] = {
    RuleKind.PSI: N_(
        "PSI of {column} was {value}, above {limit}. Sampling alone reaches {noise}; {rows} rows."
    ),
    RuleKind.MISSING: N_("Missing values in {column} rose from {before} to {now}; {rows} rows."),
    RuleKind.NEW_CATEGORY: N_(
        "{share} of {column} are categories that the reference does not have: {new}; {rows} rows."
    ),
    RuleKind.OUT_OF_RANGE: N_("{share} of {column} lie outside the reference's range; {rows} rows."),
}


def _judge(
    rules: RuleSet,
    rule: Rule,
    column: ColumnDrift,
    at: int,
    window: Window,
    novel: Mapping[str, Mapping[str, int]],
    *,
    surprising: bool,
) -> Judged | None:
    rows = int(column.rows[at])
    if rows < rule.minimum_rows:
        return None
    values: dict[str, float | str] = {"rows": float(rows), "limit": rule.limit}
    if rule.kind == RuleKind.PSI:
        value, noise = float(column.psi[at]), float(column.psi_noise[at])
        over = value > rule.limit and value > noise and surprising
        values |= {"value": value, "noise": noise}
    elif rule.kind == RuleKind.MISSING:
        share = float(column.missing[at])
        value = share - float(column.missing_before[at])
        over = value > rule.limit and value > float(column.missing_noise[at])
        values |= {"before": float(column.missing_before[at]), "now": share}
    elif rule.kind == RuleKind.NEW_CATEGORY:
        value = float(column.new_share[at])
        over = value > rule.limit
        values |= {"share": value, "new": ", ".join(list(novel.get(column.name, {}))[:NAMED])}
    else:
        value = float(column.out_of_range[at])
        over = value > rule.limit
        values |= {"share": value}
    if math.isnan(value):
        return None
    rests = value <= rule.limit * rules.hysteresis
    return Judged(window, value, over, rests, Reason(_TEMPLATES[rule.kind], values))


def judge_performance(
    rules: RuleSet,
    grain: Grain,
    task: str,
    reference: Mapping[str, float],
    measured: Sequence[tuple[Window, Mapping[Metric, Measure]]],
) -> Verdicts:
    """Judge windows' metrics against the evaluated ones: over when the whole interval is worse by the limit.

    A rule on labels looks at both sides: more of them is as much a change as fewer.
    """
    found = Verdicts()
    for rule in rules.of(grain):
        name = rule.metrics.get(task, "")
        if rule.kind not in OF_METRICS or name not in reference:
            continue
        metric, expected = Metric(name), reference[name]
        sign = 1 if metric in LOWER_IS_BETTER else -1
        judged = []
        for window, measures in measured:
            one = measures.get(metric)
            if one is None or one.n < rule.minimum_rows or math.isnan(one.low):
                continue
            if rule.kind == RuleKind.LABEL:
                worse = max(one.low - expected, expected - one.high)
            else:
                worse = sign * ((one.low if sign > 0 else one.high) - expected)
            judged.append(_judged_metric(rules, rule, window, one, worse, expected))
        found.add(rule, metric.value, judged, sign=0 if rule.kind == RuleKind.LABEL else sign)
    return found


def _judged_metric(
    rules: RuleSet, rule: Rule, window: Window, one: Measure, worse: float, expected: float
) -> Judged:
    margin = rule.limit * abs(expected)
    values: dict[str, float | str] = {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "expected": expected,
        "rows": float(one.n),
    }
    template = N_("{column} was {value} [{low}; {high}] against {expected} when evaluated; {rows} rows.")
    return Judged(
        window, one.value, worse > margin, worse <= margin * rules.hysteresis, Reason(template, values)
    )


def episodes(rule: Rule, subject: str, judged: Sequence[Judged], *, sign: int = 1) -> list[Episode]:
    """Join windows in a row; an episode ends with the first window at rest, and keeps its worst reason.

    `sign` is 1 where larger is worse, −1 where smaller is; with 0 the last value stands for the worst.
    """
    found: list[Episode] = []
    current: Episode | None = None
    run: list[Judged] = []
    for one in sorted(judged, key=lambda each: each.window):
        if current is None:
            run = [*run, one] if one.over else []
            if run and len(run) >= rule.windows:
                current = _begun(rule, subject, run, sign)
            continue
        if one.rests:
            found.append(replace(current, open=False))
            current, run = None, []
        elif one.over:
            current = replace(current, last=one.window)
            if _worse(one.value, current.worst, sign):
                current = replace(current, worst=one.value, reason=one.reason, peak=one.window)
    if current is not None:
        found.append(current)
    return found


def _begun(rule: Rule, subject: str, run: Sequence[Judged], sign: int) -> Episode:
    worst = run[0]
    for one in run[1:]:
        worst = one if _worse(one.value, worst.value, sign) else worst
    return Episode(
        rule, subject, run[0].window, run[-1].window, worst.value, worst.reason, open=True,
        known=run[-1].window, peak=worst.window,
    )  # fmt: skip


def _worse(value: float, than: float, sign: int) -> bool:
    return sign == 0 or sign * value > sign * than
