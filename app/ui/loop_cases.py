"""The slowest cases of the loop, each with the wait that took most and the way to its release."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.span import span
from app.ui.text import md
from core.i18n import _, day
from core.overview.loop import STAGE_NAMES, Case
from core.overview.looptime import Named

PAGE = "../pages/release_review.py"


def loop_cases(cases: Sequence[Case], names: Mapping[str, Named], now: datetime) -> None:
    """Draw one line per case, the slowest first."""
    for case in cases:
        named = names[case.version_id]
        state = (
            badges.badge(_("still waits"), badges.Tone.WARN, "hourglass_top")
            if case.end is None
            else badges.badge(_("live"), badges.Tone.GOOD, "check")
        )
        list_row(
            PAGE,
            f"**{md(named.title)} v{named.number}** · {md(span(case.hours(now)))}",
            icon="approval",
            query={"release": case.request_id},
            detail=_detail(case, now),
            marks=state,
        )
    if not cases:
        st.caption(_("Nothing went live in this period, and nothing waits."))


def _detail(case: Case, now: datetime) -> str:
    begun = _("uploaded {day}", day=day(case.begin))
    if case.longest is None:
        return md(begun)
    stage = _(STAGE_NAMES[case.longest.stage])
    return md(f"{begun} · {_('longest: {stage}, {span}', stage=stage, span=span(case.longest.hours(now)))}")
