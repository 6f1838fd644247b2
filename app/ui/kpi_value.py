"""KPI values and bands in the reader's language and the KPI's unit."""

import re

from app.ui import badges
from app.ui.text import md
from core.evidence.kpis.definition import PERCENT, STATUS_NAMES, Definition, Direction, Status
from core.i18n import _, compact_money, money, number, percent

COMPACT = 100_000
_CURRENCY = re.compile("[A-Z]{3}")

_TONES = {
    Status.ON_TARGET: (badges.Tone.GOOD, "check"),
    Status.SHORT: (badges.Tone.INFO, "flag"),
    Status.WARNING: (badges.Tone.WARN, "priority_high"),
    Status.CRITICAL: (badges.Tone.BLOCK, "close"),
    Status.NOT_ENOUGH: (badges.Tone.PLAIN, "hourglass_empty"),
}


def status_badge(status: Status) -> str:
    """Write the badge of a status."""
    tone, icon = _TONES[status]
    return badges.badge(_(STATUS_NAMES[status]), tone, icon)


def written(value: float, unit: str) -> str:
    """Write a value in its unit: shares as percentages, money in its currency, whole numbers without a fraction."""
    if unit == PERCENT:
        return percent(value)
    if _CURRENCY.fullmatch(unit):
        return compact_money(value, unit) if abs(value) >= COMPACT else money(value, unit)
    whole = value == round(value) and abs(value) >= 10
    said = number(value, 0 if whole or abs(value) >= 1000 else 1 if abs(value) >= 100 else 3)
    return f"{said} {unit}".strip()


def bands(definition: Definition) -> str:
    """Write the bands in one line."""
    sign = "≥" if definition.direction == Direction.HIGHER else "≤"
    worse = "<" if definition.direction == Direction.HIGHER else ">"
    said = [_("target {sign} {value}", sign=sign, value=written(definition.target, definition.unit))]
    if definition.warning is not None:
        said.append(
            _("warning {sign} {value}", sign=worse, value=written(definition.warning, definition.unit))
        )
    if definition.critical is not None:
        said.append(
            _("critical {sign} {value}", sign=worse, value=written(definition.critical, definition.unit))
        )
    return md(" · ".join(said))
