"""What somebody may do about an alert, and what was done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from app.ui.refused import refusals
from app.ui.text import md
from app.ui.timeline import Happening, timeline
from core.evidence.alerts.alert import DEED_NAMES, Alert, Deed, DeedKind
from core.i18n import _, day

_ICONS: Mapping[DeedKind, str] = {
    DeedKind.ACKNOWLEDGED: "done",
    DeedKind.ASSIGNED: "person_add",
    DeedKind.SNOOZED: "snooze",
    DeedKind.WOKEN: "alarm",
    DeedKind.ESCALATED: "arrow_upward",
}


@dataclass(frozen=True, slots=True)
class Steps:
    """What each step sends: the owner's id, the day and the reason, the person and the reason."""

    acknowledge: Callable[[], None]
    assign: Callable[[str], None]
    snooze: Callable[[datetime, str], None]
    wake: Callable[[], None]
    escalate: Callable[[str, str], None]


def alert_care(alert: Alert, people: Mapping[str, str], now: datetime, steps: Steps, *, longest: int) -> None:
    """Draw the steps that an open alert allows; the first one is the primary action."""
    if not alert.open:
        return
    snoozed = alert.snoozed_until is not None and now < alert.snoozed_until
    with st.container(horizontal=True, gap="small"):
        if alert.acknowledged_at is None:
            _button(_("Acknowledge"), "done", steps.acknowledge, primary=True)
        if snoozed:
            _button(_("Take up again"), "alarm", steps.wake, primary=True)
        _assign(alert, people, steps)
        if not snoozed:
            _snooze(alert, now.date(), longest, steps)
        _escalate(alert, people, steps)


def _button(title: str, icon: str, send: Callable[[], None], *, primary: bool = False) -> None:
    if st.button(
        title, icon=f":material/{icon}:", type="primary" if primary else "secondary", key=f"do_{icon}"
    ):
        with refusals():
            send()
            st.rerun()


def _assign(alert: Alert, people: Mapping[str, str], steps: Steps) -> None:
    @st.dialog(_("Give it to somebody"), icon=":material/person_add:")
    def ask() -> None:
        to = st.selectbox(_("Owner"), list(people), format_func=lambda i: people[i], key=f"to_{alert.id}")
        if st.button(_("Give"), type="primary", key=f"give_{alert.id}") and to:
            with refusals():
                steps.assign(to)
                st.rerun()

    if st.button(_("Assign"), icon=":material/person_add:", key="ask_assign"):
        ask()


def _snooze(alert: Alert, today: date, longest: int, steps: Steps) -> None:
    @st.dialog(_("Put it off"), icon=":material/snooze:")
    def ask() -> None:
        st.markdown(_("It comes back by itself on that day. It still counts for the approval."))
        until = st.date_input(
            _("Until"),
            value=today + timedelta(days=min(7, longest)),
            min_value=today + timedelta(days=1),
            max_value=today + timedelta(days=longest),
            key=f"until_{alert.id}",
        )
        reason = st.text_area(_("Why it can wait"), max_chars=2000, height=112, key=f"why_{alert.id}")
        if st.button(_("Put it off"), type="primary", key=f"snooze_{alert.id}") and isinstance(until, date):
            with refusals():
                steps.snooze(datetime.combine(until, time(), UTC), reason)
                st.rerun()

    if st.button(_("Snooze"), icon=":material/snooze:", key="ask_snooze"):
        ask()


def _escalate(alert: Alert, people: Mapping[str, str], steps: Steps) -> None:
    @st.dialog(_("Escalate"), icon=":material/arrow_upward:")
    def ask() -> None:
        to = st.selectbox(
            _("Who must decide"), list(people), format_func=lambda i: people[i], key=f"esc_{alert.id}"
        )
        reason = st.text_area(_("What must be decided"), max_chars=2000, height=112, key=f"what_{alert.id}")
        if st.button(_("Escalate"), type="primary", key=f"escalate_{alert.id}") and to:
            with refusals():
                steps.escalate(to, reason)
                st.rerun()

    if st.button(_("Escalate"), icon=":material/arrow_upward:", key="ask_escalate"):
        ask()


def alert_history(alert: Alert, deeds: Sequence[Deed], names: Mapping[str, str], successor: int) -> None:
    """Draw what happened and what people did; `successor` is the number of the version that ended it, or 0."""
    happened = [
        Happening(alert.raised_at, "notification_important", _("Raised by rule {rule}", rule=md(alert.rule)))
    ]
    for deed in deeds:
        what = _(
            DEED_NAMES[deed.kind],
            to=md(names.get(deed.to, deed.to)),
            until=day(deed.until) if deed.until else "",
        )
        who = names.get(deed.by, deed.by)
        happened.append(Happening(deed.at, _ICONS[deed.kind], what, who=who, detail=deed.note))
    if alert.resolved_at is not None:
        ended = (
            _("Version {n} has taken this one's place, and the same rule has judged it", n=successor)
            if successor
            else _("The values came to rest")
        )
        happened.append(Happening(alert.resolved_at, "check", ended))
    timeline(happened)
