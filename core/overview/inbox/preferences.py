"""How a person wants to be told: by which way of each kind, not at which hours, and when the day is summed up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import Invalid
from core.i18n import N_
from core.overview.inbox.kinds import USUAL, NoticeKind, Way

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Preferences:
    """Quiet hours are minutes of the day in `zone`, and may run past midnight; none where both are none."""

    ways: Mapping[NoticeKind, Way] = field(default_factory=lambda: dict(USUAL))
    quiet_from: int | None = None
    quiet_to: int | None = None
    zone: str = "UTC"
    summary_at: int = 8 * 60

    def way(self, kind: NoticeKind) -> Way:
        """How this kind is told."""
        return self.ways.get(kind, USUAL[kind])

    def not_before(self, now: datetime) -> datetime:
        """Return when an e-mail may leave: now, or the end of the quiet hours that now lies in."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return now
        here = now.astimezone(ZoneInfo(self.zone))
        minute = here.hour * 60 + here.minute
        length = (self.quiet_to - self.quiet_from) % DAY_MINUTES
        if (minute - self.quiet_from) % DAY_MINUTES >= length:
            return now
        tomorrow = minute >= self.quiet_from and self.quiet_to <= self.quiet_from
        return _at(here + timedelta(days=1) if tomorrow else here, self.quiet_to).astimezone(now.tzinfo)

    def summed_up(self, now: datetime, before: datetime | None) -> bool:
        """Say whether a summary is due: its hour has come since the last one. The first is due at once after it."""
        here = now.astimezone(ZoneInfo(self.zone))
        due = _at(here, self.summary_at)
        if due > here:
            due = _at(here - timedelta(days=1), self.summary_at)
        return before is None or before < due


def checked(wanted: Preferences) -> Preferences:
    """Return the preferences as they may be kept; raise `Invalid` naming the field."""
    try:
        ZoneInfo(wanted.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(
            "preferences.zone",
            N_("{zone} is no time zone."),
            fix=N_("Write one such as Europe/Lisbon or America/Sao_Paulo."),
            field="zone",
            zone=wanted.zone,
        ) from None
    if (wanted.quiet_from is None) != (wanted.quiet_to is None):
        raise Invalid(
            "preferences.quiet",
            N_("Quiet hours have a beginning and an end."),
            fix=N_("Give both, or neither."),
            field="quiet_to",
        )
    for name, minute in (
        ("quiet_from", wanted.quiet_from), ("quiet_to", wanted.quiet_to), ("summary_at", wanted.summary_at)
    ):  # fmt: skip
        if minute is not None and not 0 <= minute < DAY_MINUTES:
            raise Invalid(
                "preferences.minute",
                N_("A moment of the day lies between 0 and 1439 minutes after midnight."),
                field=name,
            )
    return wanted


def _at(day: datetime, minute: int) -> datetime:
    return datetime.combine(day.date(), time(minute // 60, minute % 60), tzinfo=day.tzinfo)
