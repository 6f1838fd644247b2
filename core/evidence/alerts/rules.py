"""When to raise an alert: rules as versioned data."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import Invalid
from core.evidence.monitoring.layout import Part
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.season import Against
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain
from core.i18n import N_

MOST_CHARACTERS = 20_000


class Reference(StrEnum):
    """What distributions are compared with; `auto` takes the season where the evaluation data covers a whole year."""

    AUTO = "auto"
    EVALUATION = "evaluation"
    SEASON = "season"
    PREVIOUS = "previous"

    def resolved(self, *, whole_year: bool) -> Against:
        """Return what to compare with, knowing whether the evaluation data covers every month."""
        if self is Reference.AUTO:
            return Against.SEASON if whole_year else Against.EVALUATION
        return Against(self.value)


class RuleKind(StrEnum):
    """What a rule looks at."""

    PSI = "psi"
    MISSING = "missing"
    NEW_CATEGORY = "new_category"
    OUT_OF_RANGE = "out_of_range"
    PERFORMANCE = "performance"
    LABEL = "label"


KIND_NAMES: Mapping[RuleKind, str] = {
    RuleKind.PSI: N_("Drift"),
    RuleKind.MISSING: N_("Missing values"),
    RuleKind.NEW_CATEGORY: N_("New category"),
    RuleKind.OUT_OF_RANGE: N_("Out of range"),
    RuleKind.PERFORMANCE: N_("Performance"),
    RuleKind.LABEL: N_("Labels"),
}
OF_METRICS = frozenset({RuleKind.PERFORMANCE, RuleKind.LABEL})
"""The kinds that judge measured windows; the others judge the counts of columns."""
DISTRIBUTION = frozenset({RuleKind.PSI})
QUALITY = frozenset({RuleKind.MISSING, RuleKind.NEW_CATEGORY, RuleKind.OUT_OF_RANGE})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `limit` is in the unit of its kind, `metrics` names a metric per task for performance and labels.

    `columns` narrows it to these, `ignore` leaves some out; `windows` in a row must be over before it is an alert.
    """

    id: str
    kind: RuleKind
    grain: Grain
    limit: float
    minimum_rows: int
    part: Part | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    windows: int = 1

    def watches(self, column: str, part: Part) -> bool:
        """Say whether a column is this rule's business."""
        if self.part is not None and part != self.part:
            return False
        return column not in self.ignore and (not self.columns or column in self.columns)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that are published together.

    `against` is what distributions are compared with; missing, new and far values are always held against the
    evaluation data: a lasting fault must not become the new normal. Against a season `seasonal_windows` in a row must
    be over: a season known from a year or two says little about how much seasons differ.
    `longest_snooze_days` is how long an alert may be put off.
    """

    name: str
    version: str
    rules: tuple[Rule, ...]
    false_discovery_rate: float
    hysteresis: float
    against: Reference = Reference.AUTO
    seasonal_windows: int = 2
    longest_snooze_days: int = 30

    @property
    def title(self) -> str:
        """Name and version, as alerts keep them."""
        return f"{self.name} {self.version}"

    def of(self, grain: Grain) -> tuple[Rule, ...]:
        """Return the rules that judge windows of this grain."""
        return tuple(rule for rule in self.rules if rule.grain == grain)

    @property
    def grains(self) -> tuple[Grain, ...]:
        """The grains that any rule asks for, in order."""
        return tuple(grain for grain in WHOLE_DAYS if self.of(grain))

    @property
    def drift_limit(self) -> float:
        """The PSI from which an input counts as drifted."""
        return next((r.limit for r in self.rules if r.kind == RuleKind.PSI), math.inf)


Table = Mapping[str, Any]
_TOP = frozenset(
    {"name", "version", "false_discovery_rate", "hysteresis", "against", "seasonal_windows"}
    | {"longest_snooze_days", "rule"}
)
_OF_RULE = frozenset(
    {"id", "kind", "grain", "limit", "minimum_rows", "part", "metrics", "columns", "ignore", "windows"}
)
_TASKS = ("binary", "multiclass", "regression")


def parse(text: str) -> RuleSet:
    """Read a rule set from TOML; raise `Invalid` naming the entry that is wrong and what is allowed."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid("rules.long", N_("Rules have at most {n} characters."), n=MOST_CHARACTERS)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "rules.unreadable",
            N_("The rules are not TOML: {problem}"),
            fix=N_("Compare them with the rules that Aval ships with."),
            problem=str(error),
        ) from error
    if unknown := set(raw) - _TOP:
        raise _wrong(min(unknown), ", ".join(sorted(_TOP)))
    listed = raw.get("rule")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise _wrong("rule", "[[rule]]")
    rules = tuple(_rule(one, number) for number, one in enumerate(listed, 1))
    twice = [rule.id for n, rule in enumerate(rules) if rule.id in {r.id for r in rules[:n]}]
    if twice:
        raise _wrong("rule.id", '"…"', said=twice[0])
    return RuleSet(
        name=_word(raw, "name"),
        version=_word(raw, "version"),
        rules=rules,
        false_discovery_rate=_number(raw, "false_discovery_rate", 0, low=0, high=0.5),
        hysteresis=_number(raw, "hysteresis", 1, low=0, high=1),
        against=Reference(_choice({"against": "auto"} | raw, "against", tuple(Reference), "")),
        seasonal_windows=_whole(raw, "seasonal_windows", 2, high=12),
        longest_snooze_days=_whole(raw, "longest_snooze_days", 30, high=366),
    )


def _rule(raw: Table, number: int) -> Rule:
    at = f"rule.{raw.get('id', number)}"
    if unknown := set(raw) - _OF_RULE:
        raise _wrong(f"{at}.{min(unknown)}", ", ".join(sorted(_OF_RULE)))
    kind = RuleKind(_choice(raw, "kind", tuple(RuleKind), at))
    part = _choice(raw, "part", tuple(Part), at) if "part" in raw else None
    return Rule(
        id=_word(raw, "id", at),
        kind=kind,
        grain=Grain(_choice(raw, "grain", WHOLE_DAYS, at)),
        limit=_number(raw, "limit", None, low=0, high=1e6, at=at),
        minimum_rows=_whole(raw, "minimum_rows", None, high=10**9, at=at),
        part=None if part is None else Part(part),
        metrics=_metrics(raw, kind, at),
        columns=_names(raw, "columns", at),
        ignore=_names(raw, "ignore", at),
        windows=_whole(raw, "windows", 1, high=12, at=at),
    )


def _metrics(raw: Table, kind: RuleKind, at: str) -> Mapping[str, str]:
    given = raw.get("metrics", {})
    allowed = f"{', '.join(_TASKS)} = {', '.join(Metric)}"
    if not isinstance(given, dict) or set(given) - set(_TASKS) or set(map(str, given.values())) - set(Metric):
        raise _wrong(f"{at}.metrics", allowed)
    if kind in OF_METRICS and not given:
        raise _wrong(f"{at}.metrics", allowed)
    return {task: str(metric) for task, metric in given.items()}


def _choice(raw: Table, key: str, known: tuple[str, ...], at: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or value not in known:
        raise _wrong(f"{at}.{key}".strip("."), ", ".join(known), said=str(value or ""))
    return value


def _word(raw: Table, key: str, at: str = "") -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= 60:
        raise _wrong(f"{at}.{key}".strip("."), '"…"')
    return value.strip()


def _names(raw: Table, key: str, at: str) -> tuple[str, ...]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(f"{at}.{key}", '["income", "channel"]')
    return tuple(value)


def _number(raw: Table, key: str, otherwise: float | None, *, low: float, high: float, at: str = "") -> float:
    value = raw.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(f"{at}.{key}".strip("."), f"{low:g} – {high:g}")
    return float(value)


def _whole(raw: Table, key: str, otherwise: int | None, *, high: int, at: str = "") -> int:
    value = raw.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
        raise _wrong(f"{at}.{key}".strip("."), f"1 – {high}")
    return value


def _wrong(key: str, wanted: str, *, said: str = "") -> Invalid:
    return Invalid(
        "rules.wrong_value",
        N_("The rules' entry {key} is missing or not allowed: {said}")
        if said
        else N_("The rules' entry {key} is missing or not allowed."),
        fix=N_("Allowed: {wanted}."),
        field=key,
        key=key,
        wanted=wanted,
        said=said,
    )
