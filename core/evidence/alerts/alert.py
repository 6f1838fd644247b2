"""An alert as people see it: what happened, in words and numbers of their language, and who takes care of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from core.evidence.alerts.cause import Cause
from core.evidence.alerts.rules import OF_METRICS, RuleKind
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_, _, day, number, percent


class Care(StrEnum):
    """How far people have come with an alert, the least first."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    OVER = "over"


CARE_NAMES: Mapping[Care, str] = {
    Care.NEW: N_("New"),
    Care.ACKNOWLEDGED: N_("Acknowledged"),
    Care.SNOOZED: N_("Snoozed"),
    Care.ESCALATED: N_("Escalated"),
    Care.OVER: N_("Over"),
}


class DeedKind(StrEnum):
    """What somebody did about an alert."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    ESCALATED = "escalated"


DEED_NAMES: Mapping[DeedKind, str] = {
    DeedKind.ACKNOWLEDGED: N_("acknowledged it"),
    DeedKind.ASSIGNED: N_("gave it to {to}"),
    DeedKind.SNOOZED: N_("put it off until {until}"),
    DeedKind.WOKEN: N_("took it up again"),
    DeedKind.ESCALATED: N_("escalated it to {to}"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One step of somebody: to whom, until when, and why in their words."""

    kind: DeedKind
    by: str
    at: datetime
    to: str = ""
    until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode; open until `resolved_at`, whatever people did about it.

    `succeeded_by` is the version that had taken its version's place, where that ended it.
    """

    id: str
    version_id: str
    rule: str
    kind: RuleKind
    rule_version: str
    subject: str
    grain: Grain
    first: date
    last: Window
    worst: float
    limit: float
    template: str
    reason: Mapping[str, float | str]
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    owner_id: str = ""
    snoozed_until: datetime | None = None
    escalated_at: datetime | None = None
    peak: date | None = None
    causes: tuple[Cause, ...] = field(default=())
    succeeded_by: str = ""

    @property
    def open(self) -> bool:
        return self.resolved_at is None

    def care(self, now: datetime) -> Care:
        """How far people have come with it."""
        if not self.open:
            return Care.OVER
        if self.snoozed_until is not None and now < self.snoozed_until:
            return Care.SNOOZED
        if self.escalated_at is not None:
            return Care.ESCALATED
        return Care.NEW if self.acknowledged_at is None else Care.ACKNOWLEDGED

    def text(self) -> str:
        """The reason, in the reader's language, and the cause that explains most of it."""
        written = {key: _written(key, value, self.kind) for key, value in self.reason.items()}
        said = _(self.template, column=named(self.subject), **written)
        onset = self.reason.get("onset")
        if isinstance(onset, str) and onset:
            said = f"{said} {_('It began on {day}.', day=day(date.fromisoformat(onset)))}"
        return f"{said} {self.causes[0].text()}" if self.causes else said


_SHARES = ("before", "now", "share")


def _written(key: str, value: float | str, kind: RuleKind) -> str:
    if isinstance(value, str):
        return value
    if key == "rows":
        return number(value, 0)
    if key in _SHARES:
        return percent(value)
    return number(value, 3 if kind in OF_METRICS else 2)
