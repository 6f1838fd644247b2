"""The findings on a version: how grave, whose, until when; open one, waive it for a while, resolve it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import streamlit as st

from app.ui.badges import Tone, badge, row
from app.ui.reason_dialog import reason_button
from app.ui.refused import refusals
from app.ui.text import md
from core.decisions.findings.queries import Finding
from core.decisions.findings.severity import SEVERITY_NAMES, FindingState, Severity
from core.i18n import _, day

_TONES = {
    Severity.LOW: Tone.PLAIN,
    Severity.MEDIUM: Tone.WARN,
    Severity.HIGH: Tone.BLOCK,
    Severity.CRITICAL: Tone.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A finding as it was typed."""

    title: str
    text: str
    severity: Severity
    owner_id: str
    due: date


@dataclass(frozen=True, slots=True)
class Steps:
    """What the reader may do: each takes the finding's id first; none where they may not."""

    resolve: Callable[[str, str], None] | None = None
    waive: Callable[[str, str, date], None] | None = None
    block: Callable[[str], None] | None = None


def findings(found: Sequence[Finding], names: Mapping[str, str], now: datetime, steps: Steps) -> None:
    """Draw the findings, open ones first."""
    for finding in sorted(found, key=lambda f: f.state is not FindingState.OPEN):
        waiver = finding.waived(now)
        is_open = finding.state is FindingState.OPEN
        marks = row(
            badge(_(SEVERITY_NAMES[finding.severity]), _TONES[finding.severity] if is_open else Tone.PLAIN),
            badge(_("Waived until {when}", when=day(waiver.ends_at)), Tone.WAIT, "timer") if waiver else "",
            "" if is_open else badge(_("Resolved"), Tone.GOOD, "task_alt"),
        )
        owner = _("{name} · due {when}", name=names.get(finding.owner_id, "–"), when=day(finding.due_at))
        st.markdown(f"{marks} **{md(finding.title)}**  \n:gray[:small[{md(owner)}]]")
        if finding.text:
            st.caption(md(finding.text))
        if is_open:
            with st.container(horizontal=True, gap="small"):
                _steps(finding, waiver is not None, steps, now.date())


def open_button(
    people: Mapping[str, str],
    today: date,
    send: Callable[[Opened], None],
    *,
    key: str = "finding",
    title: str = "",
    text: str = "",
    primary: bool = False,
) -> None:
    """Draw the button that opens a finding; its dialog, filled with `title` and `text`, calls `send`."""
    asked = title, text

    @st.dialog(_("Open a finding"), position="right", icon=":material/report:")
    def ask() -> None:
        title = st.text_input(_("What is wrong"), value=asked[0], max_chars=200)
        text = st.text_area(
            _("What you saw, and what it may lead to"), value=asked[1], max_chars=8000, height=112
        )
        severity = st.segmented_control(
            _("Severity"),
            list(Severity),
            default=Severity.MEDIUM,
            required=True,
            format_func=lambda value: _(SEVERITY_NAMES[value]),
            wrap=True,
        )
        owner = st.selectbox(_("Owner"), list(people), format_func=lambda i: people[i])
        due = st.date_input(_("Due"), value=today + timedelta(days=30), min_value=today + timedelta(days=1))
        if st.button(_("Open a finding"), type="primary", key=f"send_{key}") and isinstance(due, date):
            with refusals():
                send(Opened(title, text, severity or Severity.MEDIUM, owner or "", due))

    look: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    if st.button(_("Open a finding"), icon=":material/report:", key=key, type=look):
        ask()


def _steps(finding: Finding, waived: bool, steps: Steps, today: date) -> None:
    if steps.resolve is not None:
        resolve = steps.resolve
        reason_button(
            _("Resolve"),
            _("Say what was done. Whoever uploaded the version cannot resolve it."),
            "task_alt",
            lambda said: resolve(finding.id, said),
            key=finding.id,
        )
    if waived and steps.block is not None:
        if st.button(_("End the waiver"), icon=":material/timer_off:", key=f"block_{finding.id}"):
            with refusals():
                steps.block(finding.id)
    elif steps.waive is not None:
        _waive_button(finding, steps.waive, today)


def _waive_button(finding: Finding, waive: Callable[[str, str, date], None], today: date) -> None:
    @st.dialog(_("Waive for a while"), icon=":material/timer:")
    def ask() -> None:
        st.markdown(_("Until that day the finding does not block; it is then back by itself."))
        reason = st.text_area(_("Why it can wait"), max_chars=2000, height=112, key=f"why_{finding.id}")
        until = st.date_input(
            _("Until"),
            value=today + timedelta(days=14),
            min_value=today + timedelta(days=1),
            key=f"until_{finding.id}",
        )
        if st.button(_("Waive"), type="primary", key=f"do_waive_{finding.id}") and isinstance(until, date):
            with refusals():
                waive(finding.id, reason, until)

    if st.button(_("Waive"), icon=":material/timer:", key=f"waive_{finding.id}"):
        ask()
