"""When a finding blocks, with its waivers taken off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiver:
    """From `granted_at` until it expires or is revoked, the finding does not block."""

    id: str
    finding_id: str
    reason: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    revoked_by: str
    revoked_at: datetime | None

    @property
    def ends_at(self) -> datetime:
        """When it stops counting."""
        return self.expires_at if self.revoked_at is None else min(self.revoked_at, self.expires_at)

    def holds(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return self.granted_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Span:
    """Blocking from `since` until `until`, known since `recorded_at`."""

    since: datetime
    recorded_at: datetime
    until: datetime | None


def blocking_spans(
    opened_at: datetime, resolved_at: datetime | None, waivers: Sequence[Waiver]
) -> tuple[Span, ...]:
    """Return the times in which a finding blocks, past and ahead: its life without its waived times."""
    spans = []
    since, recorded = opened_at, opened_at
    for waiver in sorted(waivers, key=lambda w: w.granted_at):
        if waiver.ends_at <= since:
            continue
        if waiver.granted_at > since:
            spans.append(Span(since, recorded, waiver.granted_at))
        since, recorded = waiver.ends_at, waiver.granted_at
    spans.append(Span(since, recorded, resolved_at))
    return tuple(s for s in spans if s.until is None or s.until > s.since)
