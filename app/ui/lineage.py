"""From the data to the predictions: what came from what, in reading order."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.card import card
from core.i18n import _


@dataclass(frozen=True, slots=True)
class Stage:
    """One station; `lines` are Markdown, a person's words escaped by whoever makes them."""

    title: str
    icon: str
    lines: tuple[str, ...]


def lineage(stages: Sequence[Stage]) -> None:
    """Draw the stations from left to right; one below the other on a phone."""
    with st.grid(len(stages), gap="small", min_column_width=180):
        for at, stage in enumerate(stages):
            onward = ":gray[:material/arrow_forward:]" if at < len(stages) - 1 else ""
            with card(stage.title, f":gray[:material/{stage.icon}:] {onward}"):
                st.markdown("  \n".join(stage.lines) if stage.lines else f":gray[{_('nothing yet')}]")
