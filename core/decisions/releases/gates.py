"""Gates: what a version must show before people are asked, judged from sealed thresholds by pure functions.

Each verdict carries the measured value with its interval, the threshold, and where its evidence lies. A gate
whose evidence does not exist reads "not available", never "passed".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
    CARD = "card"
    LAWFUL_BASIS = "lawful_basis"
    FINDINGS = "findings"


GATE_NAMES: Mapping[GateKind, str] = {
    GateKind.SEALED: N_("Thresholds first"),
    GateKind.ARTIFACT: N_("Model file"),
    GateKind.REPRODUCIBLE: N_("Reproducible"),
    GateKind.METRIC_FLOOR: N_("Performance"),
    GateKind.CHAMPION: N_("Against the champion"),
    GateKind.LATENCY: N_("Latency"),
    GateKind.EXPLANATION: N_("Explanation"),
    GateKind.CARD: N_("Model card"),
    GateKind.LAWFUL_BASIS: N_("Lawful basis"),
    GateKind.FINDINGS: N_("Findings"),
}
GATE_QUESTIONS: Mapping[GateKind, str] = {
    GateKind.SEALED: N_("Thresholds were sealed before the evaluation started"),
    GateKind.ARTIFACT: N_("Every name in the file is known or reviewed"),
    GateKind.REPRODUCIBLE: N_("Predicting twice gives the same values"),
    GateKind.METRIC_FLOOR: N_("{metric}: on the evaluation data"),
    GateKind.CHAMPION: N_("{metric}: difference to the live version"),
    GateKind.LATENCY: N_("95th percentile of one prediction"),
    GateKind.EXPLANATION: N_("Largest additivity error of the explained rows"),
    GateKind.CARD: N_("Share of the model card that is filled in"),
    GateKind.LAWFUL_BASIS: N_("The use case names its lawful basis"),
    GateKind.FINDINGS: N_("Open findings that block"),
}


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
class Evidence:
    """Everything the gates look at; `None` means that it does not exist."""

    verdict: str | None = None
    reproducible: bool | None = None
    metrics: Mapping[str, Measured] = field(default_factory=dict)
    difference: Measured | None = None
    no_difference_reason: str = ""
    latency_p95_ms: float | None = None
    explanation_error: float | None = None
    card_share: float | None = None
    lawful_basis: str | None = None
    blocking_findings: int = 0
    sealed_at: datetime | None = None
    evaluation_started_at: datetime | None = None


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


def judge(rule: Rule, evidence: Evidence) -> GateVerdict:
    """Judge one gate."""
    return _JUDGES[rule.kind](rule, evidence)


def _answer(rule: Rule, passed: bool | None, *, reason: str = "", said: str = "") -> GateVerdict:
    if passed is None:
        return GateVerdict(
            rule.kind, Verdict.NOT_AVAILABLE, rule.missing_blocks, metric=rule.metric, reason=reason,
            said=said, limit=None if rule.limit is None else float(rule.limit), comparison=rule.comparison,
        )  # fmt: skip
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    return GateVerdict(rule.kind, verdict, not passed, metric=rule.metric, reason=reason, said=said)


def _held(rule: Rule, found: Measured, *, unit: str = "", reason: str = "") -> GateVerdict:
    """Hold one end of the interval against the limit; an end that is not known falls back to the value."""
    ends = {"value": found.value, "low": found.low, "high": found.high}
    end = ends.get(rule.judge_by)
    judged = found.value if end is None else end
    limit = float(rule.limit or 0)
    passed = judged >= limit if rule.comparison is Comparison.AT_LEAST else judged <= limit
    return GateVerdict(
        rule.kind, Verdict.PASSED if passed else Verdict.FAILED, not passed, metric=rule.metric,
        measured=found.value, low=found.low, high=found.high, n=found.n, limit=limit,
        comparison=rule.comparison, unit=unit, reason=reason,
    )  # fmt: skip


def _sealed(rule: Rule, e: Evidence) -> GateVerdict:
    if e.sealed_at is None:
        return _answer(rule, False, reason=N_("No thresholds were sealed for this version."))
    if e.evaluation_started_at is None:
        return _answer(rule, None, reason=N_("The version is not evaluated yet."))
    if e.sealed_at < e.evaluation_started_at:
        return _answer(rule, True)
    return _answer(rule, False, reason=N_("The thresholds were sealed after the evaluation had started."))


def _artifact(rule: Rule, e: Evidence) -> GateVerdict:
    if e.verdict is None:
        return _answer(rule, None, reason=N_("The file is not checked yet."))
    return _answer(rule, e.verdict in rule.accepted, said=e.verdict)


def _reproducible(rule: Rule, e: Evidence) -> GateVerdict:
    if e.reproducible is None:
        return _answer(rule, None, reason=N_("The version is not evaluated yet."))
    return _answer(
        rule,
        e.reproducible,
        reason="" if e.reproducible else N_("Predicting twice gave different values."),
    )


def _metric_floor(rule: Rule, e: Evidence) -> GateVerdict:
    found = e.metrics.get(rule.metric)
    if found is None:
        return _answer(rule, None, reason=N_("The evaluation holds no such metric."))
    return _held(rule, found)


_COMPARED = {
    "paired": N_("Paired bootstrap over the same rows."),
    "intervals": N_("Evaluated on different data: the intervals are compared, not the rows."),
}


def _champion(rule: Rule, e: Evidence) -> GateVerdict:
    if e.difference is None:
        return _answer(rule, None, reason=e.no_difference_reason or N_("No version is live yet."))
    return _held(rule, e.difference, reason=_COMPARED.get(e.difference.compared_by, ""))


def _latency(rule: Rule, e: Evidence) -> GateVerdict:
    if e.latency_p95_ms is None:
        return _answer(rule, None, reason=N_("Latency is not measured yet."))
    return _held(rule, Measured(e.latency_p95_ms), unit="ms")


def _explanation(rule: Rule, e: Evidence) -> GateVerdict:
    if e.explanation_error is None:
        return _answer(rule, None, reason=N_("No explanation is stored for this version."))
    return _held(rule, Measured(e.explanation_error))


def _card(rule: Rule, e: Evidence) -> GateVerdict:
    if e.card_share is None:
        return _answer(rule, None, reason=N_("The version has no model card yet."))
    return _held(rule, Measured(e.card_share), unit="share")


def _lawful_basis(rule: Rule, e: Evidence) -> GateVerdict:
    basis = (e.lawful_basis or "").strip()
    reason = "" if basis else N_("The use case names no lawful basis.")
    return _answer(rule, bool(basis), reason=reason, said=basis)


def _findings(rule: Rule, e: Evidence) -> GateVerdict:
    return _held(rule, Measured(float(e.blocking_findings)), unit="count")


_JUDGES: Mapping[GateKind, Callable[[Rule, Evidence], GateVerdict]] = {
    GateKind.SEALED: _sealed,
    GateKind.ARTIFACT: _artifact,
    GateKind.REPRODUCIBLE: _reproducible,
    GateKind.METRIC_FLOOR: _metric_floor,
    GateKind.CHAMPION: _champion,
    GateKind.LATENCY: _latency,
    GateKind.EXPLANATION: _explanation,
    GateKind.CARD: _card,
    GateKind.LAWFUL_BASIS: _lawful_basis,
    GateKind.FINDINGS: _findings,
}
