"""A model card: its sections with how much is filled, and the form for what only people know."""

from collections.abc import Mapping

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.text import digest, paragraphs
from core.assets.registry.card import TYPED, Card, Filled, FilledSection, Source
from core.i18n import N_, _, percent

_SOURCES: Mapping[Source, str] = {
    Source.ARTIFACT: N_("from the model file"),
    Source.DATA: N_("from the data"),
    Source.EVALUATION: N_("from the evaluation"),
    Source.REGISTRY: N_("from the record"),
    Source.PERSON: N_("by a person"),
}


def card_view(found: Card) -> None:
    """Draw the sections; an empty field says who fills it."""
    st.progress(
        found.completeness, text=_("{share} of the card is filled", share=percent(found.completeness, 0))
    )
    for section in found.sections:
        with card(_(section.section.title), _share(section)):
            st.table(
                {
                    _("Field"): [f"**{_(f.field.label)}**" for f in section.fields],
                    _("Value"): [
                        _value(f) if f.value else badges.badge(_("empty"), badges.Tone.WARN, "edit_note")
                        for f in section.fields
                    ],
                    _("Source"): [f":gray[{_(_SOURCES[f.source])}]" for f in section.fields],
                },
                border="horizontal",
                hide_index=True,
            )


def card_form(found: Card, *, key: str) -> dict[str, str] | None:
    """Draw the form of the fields that people fill; return what changed when it is saved, else None."""
    fields = [
        f
        for section in found.sections
        for f in section.fields
        if f.field.source is Source.PERSON or f.field.id in TYPED
    ]
    before = {f.field.id: f.value if f.source is Source.PERSON else "" for f in fields}
    with st.form(key, border=False):
        typed = {
            f.field.id: st.text_area(
                _(f.field.label),
                value=before[f.field.id],
                placeholder=f.value if not before[f.field.id] and f.value else None,
                key=f"{key}_{f.field.id}",
                height=80,
                max_chars=4000,
            )
            for f in fields
        }
        saved = st.form_submit_button(_("Save the card"), icon=":material/save:")
    if not saved:
        return None
    return {name: text for name, text in typed.items() if text.strip() != before[name].strip()}


def _value(filled: Filled) -> str:
    """Write a value; a digest is shortened, since a table cell that scrolls is out of reach for a keyboard."""
    return digest(filled.value, 32) if filled.field.id == "model.digest" else paragraphs(filled.value)


def _share(section: FilledSection) -> str:
    share = section.completeness
    tone = badges.Tone.GOOD if share == 1 else badges.Tone.PLAIN
    return badges.badge(percent(share, 0), tone)
