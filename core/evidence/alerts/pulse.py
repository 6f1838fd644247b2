"""A version's last month in a few numbers: what lists of many models show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.evidence.monitoring.windows import Window
from core.i18n import N_

STALE_DAYS = 35
COURSE = 12


class Beat(StrEnum):
    """How a watched version does, the worst first."""

    ALERTING = "alerting"
    MOVED = "moved"
    SILENT = "silent"
    STEADY = "steady"


BEAT_NAMES: Mapping[Beat, str] = {
    Beat.ALERTING: N_("Alerts open"),
    Beat.MOVED: N_("Columns moved"),
    Beat.SILENT: N_("No recent predictions"),
    Beat.STEADY: N_("Steady"),
}


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last month: rows, columns that moved of those compared, the worst one, and the metric beside the evaluated.

    `course` is the worst PSI of the last months, the oldest first.
    """

    window: Window
    rows: int
    columns: int
    moved: int
    worst_column: str
    worst_psi: float | None
    metric: str
    value: float | None
    expected: float | None
    coverage: float
    course: tuple[float, ...]

    def beat(self, open_alerts: int, now: datetime) -> Beat:
        """Judge it by open alerts, by what moved, and by whether predictions still come."""
        if open_alerts:
            return Beat.ALERTING
        if (now.date() - self.window.end).days > STALE_DAYS:
            return Beat.SILENT
        return Beat.MOVED if self.moved else Beat.STEADY
