"""A model card for whom, as which file, and what changed in it from one revision to the next."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.ui.text import md, paragraphs
from core.assets.registry.card import CardRevision, changes
from core.i18n import _, moment

FORMS: Mapping[str, tuple[str, str]] = {
    "md": ("Markdown", "text/markdown"),
    "json": ("JSON", "application/json"),
    "pdf": ("PDF", "application/pdf"),
}


def card_downloads(name: str, make: Callable[[str], bytes]) -> None:
    """Draw one button per form of the document; `make` takes `md`, `json` or `pdf`."""
    with st.container(horizontal=True, gap="small"):
        for form, (words, mime) in FORMS.items():
            st.download_button(
                words,
                make(form),
                file_name=f"{name}.{form}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"card_as_{form}",
            )


def card_history(revisions: Sequence[CardRevision], names: Mapping[str, str]) -> None:
    """Draw every revision, newest first, with what it changed."""
    if not revisions:
        st.caption(_("Nobody has typed anything yet; the card stands on what was found."))
    for at in range(len(revisions) - 1, -1, -1):
        revision = revisions[at]
        before = revisions[at - 1].values if at else {}
        head = _(
            "Revision {number} · {who} · {when}",
            number=revision.number,
            who=md(names.get(revision.author_id, "–")),
            when=moment(revision.created_at),
        )
        with st.expander(head, expanded=at == len(revisions) - 1):
            found = changes(before, revision.values)
            st.table(
                {
                    _("Field"): [f"**{md(_(c.field.label))}**" for c in found],
                    _("Before"): [paragraphs(c.before) if c.before else "–" for c in found],
                    _("After"): [paragraphs(c.after) if c.after else "–" for c in found],
                },
                border="horizontal",
                hide_index=True,
            )
