"""Days as people choose them: a due day lasts until its last second, where the reader is."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def end_of(day: date, zone: str) -> datetime:
    """Return the last second of a day in a time zone, as an aware moment in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
