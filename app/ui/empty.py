"""The empty state: what is not there yet, and the one step that changes it."""

import streamlit as st


def empty(title: str, text: str = "", *, icon: str = "inbox", action: str = "", page: str = "") -> None:
    """Say in Markdown what is missing; with `action` and `page` (`../pages/x.py`), link to the remedy."""
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.space("xsmall")
        st.markdown(f":gray[:material/{icon}:] **{title}**", text_alignment="center")
        if text:
            st.markdown(text, text_alignment="center")
        if action and page:
            st.page_link(page, label=action, icon=":material/arrow_forward:", width="content")
        st.space("xsmall")


def note(text: str, *, icon: str = "info") -> None:
    """Write one quiet line under a chart or a table: how to read it."""
    st.caption(f":material/{icon}: {text}")
