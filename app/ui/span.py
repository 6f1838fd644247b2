"""A span of time in words short enough for a figure."""

from core.i18n import _, number

_MINUTE = 1 / 60
_DAY = 24
_DAYS_FROM = 48


def span(hours: float) -> str:
    """Write hours as minutes, hours or days, whichever reads best."""
    if hours < _MINUTE / 2:
        return _("at once")
    if hours < 1:
        return _("{n} min", n=number(max(hours * 60, 1), 0))
    if hours < _DAYS_FROM:
        return _("{n} h", n=number(hours, 1 if hours < 10 else 0))
    days = hours / _DAY
    return _("{n} d", n=number(days, 1 if days < 10 else 0))
