"""Windows in the reader's words."""

from app.ui.charts import date_format
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import _, day, month


def window_name(window: Window, grain: Grain) -> str:
    """Write a window shortly: a month, the week from a day, or a day."""
    if grain == Grain.MONTH:
        return month(window.start)
    return _("from {day}", day=day(window.start)) if grain == Grain.WEEK else day(window.start)


def tick(window: Window, grain: Grain) -> str:
    """Write a window for an axis."""
    if grain == Grain.MONTH:
        return month(window.start)
    return window.start.strftime(date_format(year=True))
