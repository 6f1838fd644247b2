"""When a retraining is proposed: triggers that a use case watches for, and whose consent it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Self

from core.decisions.retraining.assembling import FEWEST
from core.errors import Invalid
from core.i18n import N_, _, ngettext, number
from core.platform.access.permissions import Role

AREAS = (Role.DATA_SCIENTIST, Role.OPERATIONS, Role.BUSINESS, Role.COMPLIANCE)
"""Who can be asked for consent; the data scientists always are, since a run works in the name of one of them."""


class TriggerKind(StrEnum):
    """Why a retraining is proposed."""

    DRIFT = "drift"
    KPI = "kpi"
    SCHEDULE = "schedule"
    LABELS = "labels"
    PERSON = "person"


TRIGGER_NAMES: Mapping[TriggerKind, str] = {
    TriggerKind.DRIFT: N_("Drift or performance alerts"),
    TriggerKind.KPI: N_("A KPI beyond its critical limit"),
    TriggerKind.SCHEDULE: N_("The model's age"),
    TriggerKind.LABELS: N_("New labels"),
    TriggerKind.PERSON: N_("A person asks"),
}

_SAID: Mapping[TriggerKind, str] = {
    TriggerKind.KPI: N_("Beyond the critical limit: {names}."),
    TriggerKind.SCHEDULE: N_("The live version is {n} days old; the policy says {limit}."),
    TriggerKind.LABELS: N_("{n} outcomes came since it was trained; the policy says {limit}."),
    TriggerKind.PERSON: N_("A person asks for it."),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One reason, with its figures; `refs` are the ids of alerts or KPIs behind it."""

    kind: TriggerKind
    n: int = 0
    limit: int = 0
    names: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()

    def text(self) -> str:
        """The reason in the reader's language."""
        if self.kind is TriggerKind.DRIFT:
            return ngettext(
                "An open alert of drift or performance: {names}.",
                "{n} open alerts of drift or performance: {names}.",
                self.n,
                names=", ".join(self.names),
            )
        return _(
            _SAID[self.kind], n=number(self.n, 0), limit=number(self.limit, 0), names=", ".join(self.names)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the trigger as plain JSON values."""
        return {
            "kind": self.kind.value,
            "n": self.n,
            "limit": self.limit,
            "names": list(self.names),
            "refs": list(self.refs),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            TriggerKind(value["kind"]),
            int(value["n"]),
            int(value["limit"]),
            tuple(value["names"]),
            tuple(value["refs"]),
        )


_FIGURES = ("alerts", "every_days", "labels", "rest_days", "outcome_days")


@dataclass(frozen=True, slots=True)
class Policy:
    """What proposes a retraining; a zero switches a trigger off. `rest_days` lie between one's end and the next at least.

    `alerts` open alerts of drift or performance, a live version older than `every_days`, `labels` outcomes since it was
    trained. `areas` must consent; one that declines ends it. Outcomes count as complete after `outcome_days`; a zero says
    that nobody knows how long they take.
    """

    alerts: int = 1
    kpi: bool = True
    every_days: int = 180
    labels: int = 0
    rest_days: int = 14
    outcome_days: int = 0
    areas: tuple[Role, ...] = (Role.DATA_SCIENTIST, Role.OPERATIONS)

    def to_json(self) -> dict[str, Any]:
        """Return the policy as plain JSON values."""
        return {
            "alerts": self.alerts,
            "kpi": self.kpi,
            "every_days": self.every_days,
            "labels": self.labels,
            "rest_days": self.rest_days,
            "outcome_days": self.outcome_days,
            "areas": [area.value for area in self.areas],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; what is not named has its default."""
        plain = {key: value[key] for key in ("kpi", *_FIGURES) if key in value}
        if "areas" in value:
            plain["areas"] = tuple(Role(area) for area in value["areas"])
        return cls(**plain)

    def check(self) -> None:
        """Raise `Invalid` for figures that make no sense, or areas that nobody can consent for."""
        wrong = next(
            (name for name in _FIGURES if not 0 <= getattr(self, name) <= 10**9),
            None,
        )
        if wrong is not None:
            raise Invalid(
                "retraining.figure",
                N_("{name} must be zero or a positive whole number."),
                field=wrong,
                name=wrong,
            )
        if Role.DATA_SCIENTIST not in self.areas or not set(self.areas) <= set(AREAS) or len(self.areas) < 2:
            raise Invalid(
                "retraining.areas",
                N_("A retraining needs the consent of the data scientists and of at least one more area."),
                fix=N_("Add operations, business or compliance."),
                field="areas",
            )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a use case today: alerts and breached KPIs as (id, name), and since when its model lives.

    `complete` counts the outcomes of predictions older than the policy's `outcome_days`; none where it names none.
    """

    alerts: Sequence[tuple[str, str]] = ()
    kpis: Sequence[tuple[str, str]] = ()
    trained: date | None = None
    labels: int = 0
    complete: int | None = None
    proposed: date | None = None
    open: bool = False
    known: frozenset[str] = field(default_factory=frozenset)


def triggers(policy: Policy, facts: Facts, today: date) -> tuple[Trigger, ...]:
    """Return why a retraining is to be proposed today; empty while one is open or the policy rests.

    Alerts and breaches of an earlier request (`facts.known`) propose nothing again: people have answered them.
    """
    if facts.open or facts.trained is None:
        return ()
    if facts.complete is not None and facts.complete < FEWEST:
        return ()  # a run could judge nothing yet; what is open then still is when it can
    if facts.proposed is not None and (today - facts.proposed).days < policy.rest_days:
        return ()
    found = []
    alerts = [one for one in facts.alerts if one[0] not in facts.known]
    if policy.alerts and len(alerts) >= policy.alerts:
        found.append(_of(TriggerKind.DRIFT, alerts, policy.alerts))
    breached = [one for one in facts.kpis if one[0] not in facts.known]
    if policy.kpi and breached:
        found.append(_of(TriggerKind.KPI, breached, 1))
    last = max(facts.trained, facts.proposed or facts.trained)
    if policy.every_days and (today - last).days >= policy.every_days:
        found.append(Trigger(TriggerKind.SCHEDULE, (today - facts.trained).days, policy.every_days))
    if policy.labels and facts.labels >= policy.labels:
        found.append(Trigger(TriggerKind.LABELS, facts.labels, policy.labels))
    return tuple(found)


def _of(kind: TriggerKind, things: Sequence[tuple[str, str]], limit: int) -> Trigger:
    names = tuple(dict.fromkeys(name for _id, name in things))
    return Trigger(kind, len(things), limit, names[:6], tuple(one for one, _name in things))
