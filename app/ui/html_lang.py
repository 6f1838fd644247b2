"""Tell the browser which language the page is written in; Streamlit itself always says English."""

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  document.documentElement.lang = data.lang;
}
"""
_mount = st.components.v2.component("aval_html_lang", js=_SCRIPT)


def html_lang(language: str) -> None:
    """Set `<html lang>` for `language` (`en`, `pt_BR`), so that screen readers pronounce it rightly."""
    _mount(key="html_lang", data={"lang": language.replace("_", "-")}, height="content")
