"""Choose what a page is about; the address bar holds the choice, so that it can be shared and comes back."""

from collections.abc import Mapping

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from app.ui.text import code
from core.i18n import _


def pick(
    label: str,
    options: Mapping[str, str],
    *,
    param: str,
    newest_first: bool = False,
    label_visibility: str = "collapsed",
    width: int = 260,
) -> str | None:
    """Choose one of `options` (value → words), kept as `?param=value`; None when there is nothing to choose.

    The address wins, then the last choice of this session, then the first option (`newest_first`: the last).
    """
    if not options:
        return None
    key = f"pick_{param}"
    remembered = f"remember_{param}"
    asked = st.query_params.get(param)
    wanted = asked or ""
    if wanted not in options:
        wanted = str(st.session_state.get(remembered, ""))
    if wanted not in options:
        wanted = list(options)[-1 if newest_first else 0]
    if asked and asked not in options:
        st.warning(
            _("There is no {what} here; this is another one.", what=code(asked)), icon=":material/search_off:"
        )
    st.session_state[key] = wanted
    if asked != wanted:
        st.query_params[param] = wanted
    st.session_state[remembered] = wanted

    def keep() -> None:
        st.query_params[param] = st.session_state[key]

    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda value: options.get(value, value),
        key=key,
        on_change=keep,
        label_visibility="visible" if label_visibility == "visible" else "collapsed",
        width=width,
    )
    st.session_state[remembered] = chosen
    return chosen


def pick_use_case(options: Mapping[str, str]) -> str | None:
    """Choose a use case (slug → title), kept as `?use_case=`."""
    return pick(_("Use case"), options, param="use_case")


def pick_version(options: Mapping[str, str]) -> str | None:
    """Choose a version (number as text → words), kept as `?version=`; the last one unless asked otherwise."""
    return pick(_("Version"), options, param="version", newest_first=True, width=200)


def switch(label: str, options: Mapping[str, str], *, param: str) -> str:
    """Choose one of a few `options` with buttons; kept as `?param=value`, the same in every language.

    Streamlit's own binding would keep the words shown, which change with the language.
    """
    first = next(iter(options))
    key = f"switch_{param}"
    asked = st.query_params.get(param, first)
    st.session_state[key] = asked if asked in options else first

    def keep() -> None:
        st.query_params[param] = st.session_state[key]

    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=lambda value: options.get(value, value),
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return chosen or first


def pick_many(label: str, options: Mapping[str, str], *, param: str, width: int = 240) -> list[str]:
    """Choose any of `options` (value → words), kept as `?param=a&param=b`, the same in every language."""
    key = f"pick_{param}"
    st.session_state[key] = [value for value in st.query_params.get_all(param) if value in options]

    def keep() -> None:
        st.query_params[param] = st.session_state[key]

    return st.multiselect(
        label,
        list(options),
        format_func=lambda value: options.get(value, value),
        key=key,
        on_change=keep,
        placeholder=_("Any"),
        width=width,
    )


def tabs(options: Mapping[str, str], *, param: str = "tab") -> Mapping[str, TabContainer]:
    """Set up tabs (value → words) of which the open one is kept as `?param=value`, the same in every language."""
    key = f"tabs_{param}"
    asked = st.query_params.get(param, "")
    st.session_state[key] = options[asked if asked in options else next(iter(options))]
    values = {words: value for value, words in options.items()}

    def keep() -> None:
        st.query_params[param] = values[st.session_state[key]]

    return dict(zip(options, st.tabs(list(options.values()), key=key, on_change=keep), strict=True))
