"""Gates: what a version must show before people are asked, judged from sealed thresholds by one pure function.

Each verdict carries the measured value with its interval, the threshold, and where its evidence lies. A gate
whose evidence does not exist reads "not available", never "passed".

A new gate is three things: a `GateKind` with its `Gate` below, a reader of its evidence in `evidence`, and a table in the
policies that ask for it; CONTRIBUTING.md walks through them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from core.i18n import N_


class GateKind(StrEnum):
    """The gates known so far."""

    SEALED = "sealed"
    ARTIFACT = "artifact"
    REPRODUCIBLE = "reproducible"
    METRIC_FLOOR = "metric_floor"
    CHAMPION = "champion"
    LATENCY = "latency"
    EXPLANATION = "explanation"
    EXPLANATION_TRIAL = "explanation_trial"
    FAIRNESS = "fairness"
    STABILITY = "stability"
    ROBUSTNESS = "robustness"
    CARD = "card"
    LAWFUL_BASIS = "lawful_basis"
    DRIFT = "drift"
    KPI_BACKTEST = "kpi_backtest"
    IMPACT_ASSESSMENT = "impact_assessment"
    FINDINGS = "findings"


class Comparison(StrEnum):
    """On which side of the limit a passing value lies."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Verdict(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_AVAILABLE = "not_available"


@dataclass(frozen=True, slots=True)
class Rule:
    """One gate with its threshold, as sealed.

    `judge_by` names the end of the interval that is held against the limit: `value`, `low` or `high`;
    `missing_blocks` says whether evidence that does not exist stops the release.
    """

    kind: GateKind
    limit: Decimal | None = None
    comparison: Comparison = Comparison.AT_LEAST
    judge_by: str = "value"
    metric: str = ""
    accepted: tuple[str, ...] = ()
    missing_blocks: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its interval; `compared_by` says how a difference was taken."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    compared_by: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gate looks at: `value` is held against the limit, `holds` answers yes or no, `said` must be accepted.

    None of them: the evidence does not exist, and `reason` (a catalogue key) says why. Where it cannot exist, `without`
    says what the version stands on instead, and a policy may accept that. `evidence` is its kind and id; the page makes
    a link of it.
    """

    value: Measured | None = None
    holds: bool | None = None
    said: str = ""
    reason: str = ""
    without: str = ""
    evidence: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Gate:
    """What a kind is called and asks, in which unit it measures, and what its table in a policy must name.

    `unit` is one of "", "share", "ms", "count"; `needs` holds "limit" and "metric" where they have no sense without.
    """

    name: str
    question: str
    unit: str = ""
    needs: tuple[str, ...] = ()


GATES: Mapping[GateKind, Gate] = {
    GateKind.SEALED: Gate(N_("Thresholds first"), N_("Thresholds were sealed before the evaluation started")),
    GateKind.ARTIFACT: Gate(N_("Model file"), N_("Every name in the file is known or reviewed")),
    GateKind.REPRODUCIBLE: Gate(N_("Reproducible"), N_("Predicting twice gives the same values")),
    GateKind.METRIC_FLOOR: Gate(
        N_("Performance"), N_("{metric}: on the evaluation data"), needs=("limit", "metric")
    ),
    GateKind.CHAMPION: Gate(
        N_("Against the champion"), N_("{metric}: difference to the live version"), needs=("limit", "metric")
    ),
    GateKind.LATENCY: Gate(
        N_("Latency"), N_("95th percentile of one prediction"), unit="ms", needs=("limit",)
    ),
    GateKind.EXPLANATION: Gate(
        N_("Explanation"), N_("Largest additivity error of the explained rows"), needs=("limit",)
    ),
    GateKind.EXPLANATION_TRIAL: Gate(
        N_("Explanation on trial"),
        N_("Tests of the explanation that failed"),
        unit="count",
        needs=("limit",),
    ),
    GateKind.FAIRNESS: Gate(
        N_("Fairness"), N_("{metric}: the widest gap between groups"), needs=("limit", "metric")
    ),
    GateKind.STABILITY: Gate(
        N_("Stability"),
        N_("Share of decisions that change under input noise"),
        unit="share",
        needs=("limit",),
    ),
    GateKind.ROBUSTNESS: Gate(
        N_("Robustness"), N_("{metric}: drop of the main metric"), needs=("limit", "metric")
    ),
    GateKind.CARD: Gate(
        N_("Model card"), N_("Share of the model card that is filled in"), unit="share", needs=("limit",)
    ),
    GateKind.LAWFUL_BASIS: Gate(N_("Lawful basis"), N_("The use case names its lawful basis")),
    GateKind.KPI_BACKTEST: Gate(
        N_("KPI back-test"),
        N_("KPIs in force that the evaluation rows do not keep"),
        unit="count",
        needs=("limit",),
    ),
    GateKind.DRIFT: Gate(
        N_("Drift"),
        N_("Share of features whose evaluation data drifted from live data"),
        unit="share",
        needs=("limit",),
    ),
    GateKind.IMPACT_ASSESSMENT: Gate(
        N_("Impact assessment"), N_("An impact assessment of the use case is in force")
    ),
    GateKind.FINDINGS: Gate(N_("Findings"), N_("Open findings that block"), unit="count", needs=("limit",)),
}


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What one gate found. `reason` is a catalogue key; `unit` is one of "", "share", "ms", "count"."""

    kind: GateKind
    verdict: Verdict
    blocks: bool
    metric: str = ""
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    limit: float | None = None
    comparison: Comparison = Comparison.AT_LEAST
    unit: str = ""
    reason: str = ""
    said: str = ""


def judge(rule: Rule, reading: Reading) -> GateVerdict:
    """Judge one gate."""
    if reading.value is not None:
        return replace(_held(rule, reading.value, reading.reason), said=reading.said)
    if reading.holds is not None:
        return _answer(rule, reading, passed=reading.holds)
    if reading.said and rule.accepted:
        return _answer(rule, reading, passed=reading.said in rule.accepted)
    blocks = rule.missing_blocks and not (reading.without and reading.without in rule.accepted)
    return GateVerdict(
        rule.kind, Verdict.NOT_AVAILABLE, blocks, metric=rule.metric, reason=reading.reason,
        said=reading.said, limit=None if rule.limit is None else float(rule.limit), comparison=rule.comparison,
        unit=GATES[rule.kind].unit,
    )  # fmt: skip


def _answer(rule: Rule, reading: Reading, *, passed: bool) -> GateVerdict:
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    return GateVerdict(
        rule.kind, verdict, not passed, metric=rule.metric, reason=reading.reason, said=reading.said
    )


def _held(rule: Rule, found: Measured, reason: str) -> GateVerdict:
    """Hold one end of the interval against the limit; an end that is not known falls back to the value."""
    ends = {"value": found.value, "low": found.low, "high": found.high}
    end = ends.get(rule.judge_by)
    judged = found.value if end is None else end
    limit = float(rule.limit or 0)
    passed = judged >= limit if rule.comparison is Comparison.AT_LEAST else judged <= limit
    return GateVerdict(
        rule.kind, Verdict.PASSED if passed else Verdict.FAILED, not passed, metric=rule.metric,
        measured=found.value, low=found.low, high=found.high, n=found.n, limit=limit,
        comparison=rule.comparison, unit=GATES[rule.kind].unit, reason=reason,
    )  # fmt: skip
