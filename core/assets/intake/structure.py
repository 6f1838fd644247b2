"""How much memory a JSON text will take once it is read: a small file of empty lists becomes a large one of objects."""

from core.assets.intake.reasons import Rejected

MOST_BYTES = 256 << 20
_COSTS = ((b"{", 184), (b"[", 72), (b",", 32), (b'"', 28))
"""What CPython spends on each, at least: a mapping with one key, a list, a number in a list, half a text."""


def require_small(text: bytes) -> None:
    """Raise `Rejected` where reading `text` as JSON would take more than `MOST_BYTES`."""
    if sum(text.count(mark) * cost for mark, cost in _COSTS) > MOST_BYTES:
        raise Rejected("memory")
