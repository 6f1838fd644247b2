"""How grave a finding is, and what an open one blocks."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class Severity(StrEnum):
    """From a remark to a reason to stop."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITY_NAMES: Mapping[Severity, str] = {
    Severity.LOW: N_("Low"),
    Severity.MEDIUM: N_("Medium"),
    Severity.HIGH: N_("High"),
    Severity.CRITICAL: N_("Critical"),
}


class FindingState(StrEnum):
    """A finding is open until somebody resolves it, with a reason."""

    OPEN = "open"
    RESOLVED = "resolved"


def blocks(severity: Severity, state: FindingState, least: Severity) -> bool:
    """Say whether a finding stands in the way where the policy blocks from `least` upwards."""
    order = list(Severity)
    return state is FindingState.OPEN and order.index(severity) >= order.index(least)
