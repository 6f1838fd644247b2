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
    NOT_UPHELD = "not_upheld"
    REVIEW_OVERDUE = "review_overdue"
    ATTESTATION_OVERDUE = "attestation_overdue"
    DRIFT_BREACH = "drift_breach"
    KPI_BREACH = "kpi_breach"
    APPROVAL_EXPIRED = "approval_expired"


REASONS: Mapping[FactKind, str] = {
    FactKind.DIGEST_DIFFERS: N_("The model file is not the approved one."),
    FactKind.BLOCKING_FINDING: N_("A blocking finding is open."),
    FactKind.CONDITION_OVERDUE: N_("A condition of the approval is overdue."),
    FactKind.NOT_UPHELD: N_("The review of the emergency release did not uphold it."),
    FactKind.REVIEW_OVERDUE: N_("The review of the emergency release is overdue."),
    FactKind.ATTESTATION_OVERDUE: N_("The attestation of the use case is overdue."),
    FactKind.DRIFT_BREACH: N_("Drift is over its limit."),
    FactKind.KPI_BREACH: N_("A KPI is outside its limit."),
    FactKind.APPROVAL_EXPIRED: N_("The approval has expired."),
}
LAPSES: Mapping[FactKind, str] = {
    FactKind.BLOCKING_FINDING: N_("A waiver ends, and its finding blocks again"),
    FactKind.CONDITION_OVERDUE: N_("A condition is due"),
    FactKind.REVIEW_OVERDUE: N_("The review of the emergency release is due"),
    FactKind.ATTESTATION_OVERDUE: N_("The attestation of the use case is due"),
    FactKind.APPROVAL_EXPIRED: N_("The approval expires"),
}
"""What lies ahead, in words; the other kinds are never known in advance."""


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
class Lapse:
    """What will take the standing, and when, if nobody does anything."""

    kind: FactKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds at one moment, why, and what will lapse next, the nearest first."""

    worth: Worth
    reasons: tuple[FactKind, ...]
    expires_at: datetime
    ahead: tuple[Lapse, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether this very version answers."""
        return self.worth in {Worth.GOOD, Worth.WARNING}


_ORDER = tuple(Worth)
_EFFECT = {Effect.WARN: Worth.WARNING, Effect.FALL_BACK: Worth.FALL_BACK, Effect.SUSPEND: Worth.SUSPENDED}


def standing(facts: Sequence[Fact], terms: Terms, *, expires_at: datetime, now: datetime) -> Standing:
    """Judge the facts recorded by `now`. The gravest effect wins; the reasons are listed gravest first."""
    known = [f for f in facts if f.recorded_at <= now and (f.until is None or f.until > max(f.since, now))]
    holding = [f.kind for f in known if f.since <= now]
    ahead = [Lapse(f.kind, f.since) for f in known if f.since > now]
    if now >= expires_at:
        holding.append(FactKind.APPROVAL_EXPIRED)
    else:
        ahead.append(Lapse(FactKind.APPROVAL_EXPIRED, expires_at))
    effects = {kind: _effect(kind, terms) for kind in holding}
    reasons = tuple(
        sorted(effects, key=lambda kind: (-_ORDER.index(effects[kind]), list(FactKind).index(kind)))
    )
    worth = max(effects.values(), key=_ORDER.index, default=Worth.GOOD)
    return Standing(worth, reasons, expires_at, tuple(sorted(ahead, key=lambda a: (a.at, a.kind))))


def _effect(kind: FactKind, terms: Terms) -> Worth:
    chosen = {
        FactKind.DRIFT_BREACH: _EFFECT[terms.on_drift],
        FactKind.KPI_BREACH: _EFFECT[terms.on_kpi],
        FactKind.REVIEW_OVERDUE: Worth.WARNING,  # the page offers the roll-back; a person decides it
        FactKind.ATTESTATION_OVERDUE: Worth.WARNING,  # nobody stands in for it; what was approved still is
    }
    return chosen.get(kind, Worth.SUSPENDED)
