"""When a delivery that failed is tried again: exponential back-off with jitter, for a day."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=2)
FACTOR = 3.0
KEEP_TRYING = timedelta(hours=24)


def pause(attempt: int, chance: float, asked: float | None = None) -> timedelta:
    """Return the wait after the `attempt`-th failure: half fixed, half by `chance` in [0, 1).

    `asked` is the receiver's own Retry-After in seconds; it may lengthen the wait, not beyond the longest. Jitter keeps
    messages from knocking together when a receiver comes back (M. Brooker, "Exponential backoff and jitter", 2015).
    """
    full = min(LONGEST, FIRST * FACTOR ** min(attempt - 1, 12))
    wait = full / 2 + full / 2 * chance
    return min(LONGEST, max(wait, timedelta(seconds=asked or 0)))
