"""What a live version's approval is worth now: one pure function over recorded facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.i18n import N_


class Effect(StrEnum):
    """What a policy does about a breach of drift or KPI limits.

    The default warns: taking a model out is an outage too.
    """

    WARN = "warn"
    FALL_BACK = "fall_back"
    SUSPEND = "suspend"


class Worth(StrEnum):
    """The effective state of a deployment."""

    GOOD = "good"
    WARNING = "warning"
    FALL_BACK = "fall_back"
    SUSPENDED = "suspended"


WORTH_NAMES: Mapping[Worth, str] = {
    Worth.GOOD: N_("In good standing"),
    Worth.WARNING: N_("Live, with a warning"),
    Worth.FALL_BACK: N_("Falls back to the previous version"),
    Worth.SUSPENDED: N_("Suspended"),
}


class FactKind(StrEnum):
    """What may take a version out of good standing."""

    DIGEST_DIFFERS = "digest_differs"
    BLOCKING_FINDING = "blocking_finding"
    CONDITION_OVERDUE = "condition_overdue"
    DRIFT_BREACH = "drift_breach"
    KPI_BREACH = "kpi_breach"
    APPROVAL_EXPIRED = "approval_expired"


REASONS: Mapping[FactKind, str] = {
    FactKind.DIGEST_DIFFERS: N_("The model file is not the approved one."),
    FactKind.BLOCKING_FINDING: N_("A blocking finding is open."),
    FactKind.CONDITION_OVERDUE: N_("A condition of the approval is overdue."),
    FactKind.DRIFT_BREACH: N_("Drift is over its limit."),
    FactKind.KPI_BREACH: N_("A KPI is outside its limit."),
    FactKind.APPROVAL_EXPIRED: N_("The approval has expired."),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known about the deployment, true from `since` until `until`.

    `recorded_at` is when it became known: it answers "as of".
    """

    kind: FactKind
    since: datetime
    recorded_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a policy that standing asks."""

    on_drift: Effect
    on_kpi: Effect


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds at one moment, why, and what will lapse next."""

    worth: Worth
    reasons: tuple[FactKind, ...]
    expires_at: datetime


_ORDER = tuple(Worth)
_EFFECT = {Effect.WARN: Worth.WARNING, Effect.FALL_BACK: Worth.FALL_BACK, Effect.SUSPEND: Worth.SUSPENDED}


def standing(facts: Sequence[Fact], terms: Terms, *, expires_at: datetime, now: datetime) -> Standing:
    """Judge the facts recorded by `now`. The gravest effect wins; the reasons are listed gravest first."""
    holding = [
        f.kind
        for f in facts
        if f.recorded_at <= now and f.since <= now and (f.until is None or f.until > now)
    ]
    if now >= expires_at:
        holding.append(FactKind.APPROVAL_EXPIRED)
    effects = {
        kind: _EFFECT[terms.on_drift]
        if kind is FactKind.DRIFT_BREACH
        else _EFFECT[terms.on_kpi]
        if kind is FactKind.KPI_BREACH
        else Worth.SUSPENDED
        for kind in holding
    }
    reasons = tuple(
        sorted(effects, key=lambda kind: (-_ORDER.index(effects[kind]), list(FactKind).index(kind)))
    )
    return Standing(max(effects.values(), key=_ORDER.index, default=Worth.GOOD), reasons, expires_at)
