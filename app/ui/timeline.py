"""What happened, newest first: one line each, with who and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app.ui.text import md
from core.i18n import moment


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry: `what` is Markdown already, `detail` and `who` are a person's own words and are escaped."""

    at: datetime
    icon: str
    what: str
    who: str = ""
    detail: str = ""


def timeline(happenings: Sequence[Happening]) -> None:
    """Draw the entries, newest first."""
    for one in sorted(happenings, key=lambda h: h.at, reverse=True):
        small = [md(part) for part in (one.who, moment(one.at)) if part]
        lines = [f":material/{one.icon}: {one.what}", f":gray[:small[{' · '.join(small)}]]"]
        if one.detail:
            lines.insert(1, f"“{md(one.detail)}”")
        st.markdown("  \n".join(lines))
