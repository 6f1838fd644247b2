"""The card: one bordered box with one header row, title at the left, what it comes to at the right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


@contextmanager
def card(
    title: str, summary: str = "", *, help_text: str = "", key: str | None = None, anchor: str = ""
) -> Iterator[None]:
    """Open a card; `summary` is Markdown at the right of the header (escape a person's text with `md`).

    `anchor` names the card for a link `#anchor` from elsewhere on the page.
    """
    with st.container(border=True, gap="small", key=key):
        with _header_row():
            st.header(title, anchor=anchor or False, width="content", help=help_text or None)
            if summary:
                st.markdown(summary, width="content")
        yield


@contextmanager
def card_with(
    title: str, control: Callable[[], None], *, help_text: str = "", key: str | None = None
) -> Iterator[None]:
    """Open a card whose header holds a control at the right; `control` draws it."""
    with st.container(border=True, gap="small", key=key):
        with _header_row():
            st.header(title, anchor=False, width="content", help=help_text or None)
            control()
        yield


@contextmanager
def page_header(title: str, *, badges: str = "", trail: str = "", help_text: str = "") -> Iterator[None]:
    """Draw trail, title and badges at the left; the body draws the page's actions at the right."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="medium"
    ):
        with st.container(gap="xxsmall", width="content"):
            if trail:
                st.caption(trail)
            st.title(title, anchor=False, help=help_text or None)
            if badges:
                st.markdown(badges)
        with st.container(horizontal=True, width="content", gap="small"):
            yield


def _header_row() -> DeltaGenerator:
    return st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
