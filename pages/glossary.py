"""Glossary: the words of the field in plain ones, in the reader's language."""

import streamlit as st

from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.glossary import TOPIC_NAMES, found
from app.ui.text import md
from core.i18n import _

with page_header(_("Glossary")):
    pass
said = st.text_input(
    _("Search"),
    key="q",
    bind="query-params",
    type="search",
    placeholder=_("A word, or what you want to know"),
)
told = found(said)
if not told:
    empty(
        _("No word of the glossary fits"),
        _("Try fewer words, or another one for the same."),
        icon="menu_book",
    )
for topic, entries in told.items():
    with card(_(TOPIC_NAMES[topic]), anchor=topic.value):
        for _key, name, text in entries:
            st.markdown(f"**{md(name)}**  \n{md(text)}")
