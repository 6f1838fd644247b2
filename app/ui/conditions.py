"""The conditions of an approval: what, whose, by when, and whether it is met."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.reason_dialog import reason_button
from app.ui.text import md
from core.decisions.releases.release import Condition
from core.i18n import _, day


def conditions(
    found: Sequence[Condition],
    names: Mapping[str, str],
    now: datetime,
    *,
    meet: Callable[[str, str], None] | None,
) -> None:
    """Draw each condition; `meet` takes its id and the note, and is none for whoever may not confirm."""
    for condition in found:
        mark, tone, icon = _state(condition, now)
        owner = names.get(condition.owner_id, "–")
        due = _("{name} · due {when}", name=owner, when=day(condition.due_at))
        st.markdown(f"{badge(mark, tone, icon)} {md(condition.text)}  \n:gray[:small[{md(due)}]]")
        if condition.met_note:
            st.caption(f"{md(names.get(condition.met_by, '–'))}: {md(condition.met_note)}")
        if meet is not None and condition.met_at is None:
            reason_button(
                _("Condition is met"),
                _("Say how you know. An overdue condition suspends the version until it is met."),
                "task_alt",
                partial(meet, condition.id),
                key=condition.id,
            )


def _state(condition: Condition, now: datetime) -> tuple[str, Tone, str]:
    if condition.met_at is not None:
        return _("Met"), Tone.GOOD, "task_alt"
    if condition.overdue(now):
        return _("Overdue"), Tone.BLOCK, "alarm"
    return _("Open"), Tone.WAIT, "hourglass_top"
