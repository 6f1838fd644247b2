"""One column in one window split by another: which segment moved."""

import math
from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.empty import note
from app.ui.text import md
from core.evidence.alerts.tracing import Part
from core.i18n import _, number, percent

LEAST = 30


def split_view(parts: Sequence[Part], *, limit: float) -> None:
    """Draw one row per segment, the one that moved most first."""
    total = max(sum(part.rows for part in parts), 1)
    then = max(sum(part.rows_before for part in parts), 1)
    st.table(
        {
            _("Segment"): [f"**{md(part.name)}**" for part in parts],
            _("Share of rows"): [
                f"{percent(part.rows / total)} :gray[:small[{_('was {share}', share=percent(part.rows_before / then))}]]"
                for part in parts
            ],
            "PSI": [number(part.psi, 3) if _enough(part) else "–" for part in parts],
            _("Missing"): [
                f"{_share(part.missing)} :gray[:small[{_('was {share}', share=_share(part.missing_before))}]]"
                for part in parts
            ],
            _("Result"): [_result(part, limit) for part in parts],
        },
        border="horizontal",
        hide_index=True,
    )
    note(_("Each segment's rows against the same segment of the evaluation data."))


def _enough(part: Part) -> bool:
    return not math.isnan(part.psi) and min(part.rows, part.rows_before) >= LEAST


def _share(value: float) -> str:
    return "–" if math.isnan(value) else percent(value)


def _result(part: Part, limit: float) -> str:
    if not _enough(part):
        return badges.badge(_("Too few rows"))
    if part.psi > limit and part.psi > part.noise:
        return badges.badge(_("Drift"), badges.Tone.WARN, "trending_up")
    return badges.badge(_("Stable"), badges.Tone.GOOD)
