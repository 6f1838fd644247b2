"""Time is injected: whoever needs it takes a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)
