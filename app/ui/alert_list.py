"""Alerts in words, each with the one thing to do about it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.evidence.alerts.alert import Alert
from core.evidence.alerts.rules import KIND_NAMES
from core.i18n import _, day, moment

SHOWN = 8


def alert_list(alerts: Sequence[Alert], names: Mapping[str, str], *, may_acknowledge: bool) -> str | None:
    """Draw open alerts; return the id of the one that was acknowledged just now, if any. `names` is by person id."""
    asked = None
    first = True
    for alert in alerts[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="stretch"):
                kind = badges.badge(_(KIND_NAMES[alert.kind]), badges.Tone.WARN)
                st.markdown(f"{kind}  {md(alert.text())}")
                st.caption(_lines(alert, names))
            st.page_link(
                "../pages/alert.py",
                label=_("Open"),
                icon=":material/open_in_new:",
                query_params={"alert": alert.id},
            )
            if alert.acknowledged_at is None:
                clicked = st.button(
                    _("Acknowledge"),
                    key=f"acknowledge_{alert.id}",
                    icon=":material/done:",
                    type="primary" if first else "secondary",
                    disabled=not may_acknowledge,
                    width="content",
                )
                first = False
                asked = alert.id if clicked else asked
            else:
                st.markdown(badges.status("acknowledged"), width="content")
    if len(alerts) > SHOWN:
        st.caption(_("and {n} more", n=len(alerts) - SHOWN))
    return asked


def _lines(alert: Alert, names: Mapping[str, str]) -> str:
    since = _("Since {day}; rules {rules}", day=day(alert.first), rules=alert.rule_version)
    if alert.acknowledged_at is None:
        return md(since)
    who = names.get(alert.acknowledged_by, alert.acknowledged_by)
    return md(since + " · " + _("acknowledged by {who}, {when}", who=who, when=moment(alert.acknowledged_at)))
