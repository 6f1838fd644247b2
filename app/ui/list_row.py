"""One line of a list: the link and what is behind it at the left, its marks at the right; a phone breaks it in two."""

from collections.abc import Mapping

import streamlit as st


def list_row(
    page: str,
    title: str,
    *,
    icon: str,
    query: Mapping[str, str],
    detail: str = "",
    marks: str = "",
    width: int = 320,
) -> None:
    """Draw a row that opens `page` (`../pages/x.py`) with `query`; `title`, `detail` and `marks` are Markdown.

    `width` is of the words, in pixels; a narrower screen gives them what it has.
    """
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    ):
        with st.container(gap=None, width=width):
            st.page_link(page, label=title, icon=f":material/{icon}:", query_params=dict(query))
            if detail:
                st.caption(detail)
        if marks:
            st.markdown(marks, width="content")
