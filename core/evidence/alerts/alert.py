"""An alert as people see it: what happened, in words and numbers of their language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core.evidence.alerts.rules import RuleKind
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import _, number, percent


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode; open until `resolved_at`, whether acknowledged or not."""

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

    @property
    def open(self) -> bool:
        return self.resolved_at is None

    def text(self) -> str:
        """The reason, in the reader's language."""
        written = {key: _written(key, value, self.kind) for key, value in self.reason.items()}
        return _(self.template, column=named(self.subject), **written)


_SHARES = ("before", "now", "share")


def _written(key: str, value: float | str, kind: RuleKind) -> str:
    if isinstance(value, str):
        return value
    if key == "rows":
        return number(value, 0)
    if key in _SHARES:
        return percent(value)
    return number(value, 3 if kind == RuleKind.PERFORMANCE else 2)
