"""Alerts across models: one line each, with whose it is and how far people have come."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.text import md
from core.evidence.alerts.alert import CARE_NAMES, Alert, Care
from core.evidence.alerts.rules import KIND_NAMES
from core.evidence.monitoring.column_names import named
from core.i18n import _, day

CARE_TONES: Mapping[Care, tuple[badges.Tone, str]] = {
    Care.NEW: (badges.Tone.WARN, "notification_important"),
    Care.ACKNOWLEDGED: (badges.Tone.INFO, "done"),
    Care.SNOOZED: (badges.Tone.PLAIN, "snooze"),
    Care.ESCALATED: (badges.Tone.BLOCK, "arrow_upward"),
    Care.OVER: (badges.Tone.GOOD, "check"),
}


def care_badge(alert: Alert, now: datetime) -> str:
    """Write how far people have come with an alert."""
    care = alert.care(now)
    tone, icon = CARE_TONES[care]
    return badges.badge(_(CARE_NAMES[care]), tone, icon)


def alert_rows(
    found: Sequence[Alert], models: Mapping[str, str], names: Mapping[str, str], now: datetime
) -> None:
    """Draw the alerts; `models` names the versions by id, `names` the people."""
    for alert in found:
        kind = _(KIND_NAMES[alert.kind])
        title = f"{md(models.get(alert.version_id, alert.version_id))} · {kind}: {md(named(alert.subject))}"
        owner = names.get(alert.owner_id, "")
        since = _("Since {day}", day=day(alert.first))
        marks = badges.row(
            care_badge(alert, now),
            badges.badge(owner, icon="person")
            if owner
            else badges.badge(_("nobody's"), badges.Tone.WARN, "person_off"),
        )
        list_row(
            "../pages/alert.py",
            title,
            icon="trending_up",
            query={"alert": alert.id},
            detail=f"{md(since)} · {md(alert.text())}",
            marks=marks,
        )
