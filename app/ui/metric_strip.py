"""A strip of figures: each with its reference, its help and, where it has one, its recent course."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st


@dataclass(frozen=True)
class Figure:
    """One figure, already written in the reader's language.

    `reading`: `normal` (up is good), `inverse` (down is good: losses), `gray` (a change inside policy), or the colour of
    a limit that is crossed.
    Without `arrow` the delta is words or an interval, which go neither up nor down.
    `reference` says what the delta is measured against; `help_text` says threshold, date and sample size.
    """

    label: str
    value: str
    delta: str = ""
    reading: Literal["normal", "inverse", "gray", "orange", "red"] = "normal"
    reference: str = ""
    help_text: str = ""
    series: tuple[float, ...] = ()
    arrow: bool = True


def metric_strip(figures: Sequence[Figure], *, columns: int = 5, width: int = 150) -> None:
    """Draw the figures in one row that wraps on a phone."""
    with st.grid(min(columns, max(len(figures), 1)), gap="small", min_column_width=width):
        for figure in figures:
            st.metric(
                figure.label,
                figure.value,
                figure.delta or None,
                delta_color=figure.reading if figure.delta else "normal",
                delta_arrow="auto" if figure.arrow else "off",
                delta_description=figure.reference or None,
                chart_data=list(figure.series) if len(figure.series) > 1 else None,
                border=True,
                help=figure.help_text or None,
                height="stretch",
            )
