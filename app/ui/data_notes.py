"""What people say of a table's columns: which describe people, and for what each feature is used."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.assets.datasets.dataset import Dataset
from core.i18n import _, day, ngettext, percent

MOST = 80


@dataclass(frozen=True, slots=True)
class Flags:
    """Which columns a person says are personal, and which of them sensitive."""

    personal: tuple[str, ...]
    sensitive: tuple[str, ...]


def flags_standing(dataset: Dataset, by: str) -> str:
    """Say whether a person has confirmed the flags; `by` is their name."""
    if dataset.flags_confirmed_at is None:
        return badges.badge(_("proposed by inspection"), badges.Tone.WARN, "search")
    words = _("confirmed by {name} on {day}", name=by or "–", day=day(dataset.flags_confirmed_at))
    return badges.badge(words, badges.Tone.GOOD, "verified_user")


def flags_form(dataset: Dataset, *, key: str) -> Flags | None:
    """Draw both choices, filled with what stands now; return them when they are confirmed."""
    names = [c.name for c in dataset.columns]
    personal = st.multiselect(
        _("Personal data"),
        names,
        default=list(dataset.personal),
        placeholder=_("None"),
        help=_("Columns about an identified or identifiable person."),
        key=f"{key}_personal",
    )
    sensitive = st.multiselect(
        _("Sensitive data"),
        names,
        default=list(dataset.sensitive),
        placeholder=_("None"),
        help=_("Origin, belief, opinion, union, health, sex life, genes or body; it is always personal too."),
        key=f"{key}_sensitive",
    )
    if st.button(_("Confirm what is personal"), icon=":material/verified_user:", key=f"{key}_confirm"):
        return Flags(tuple(personal), tuple(sensitive))
    return None


def flags_named(dataset: Dataset) -> None:
    """Name the flagged columns, for who may not change them."""
    for words, names in ((_("Personal data"), dataset.personal), (_("Sensitive data"), dataset.sensitive)):
        st.markdown(f"**{words}**: {md(', '.join(names)) if names else _('none')}")


def purposes_progress(dataset: Dataset, features: Sequence[str]) -> None:
    """Draw how many features have a purpose, and name the first that have none."""
    share = dataset.described(features)
    st.progress(share, text=_("{share} of the features have a purpose", share=percent(share, 0)))
    missing = dataset.purposes_missing(features)
    if missing:
        shown = md(", ".join(missing[:8])) + (" …" if len(missing) > 8 else "")
        st.caption(ngettext("{n} is missing: {names}", "{n} are missing: {names}", len(missing), names=shown))


def purposes_form(dataset: Dataset, features: Sequence[str], *, key: str) -> dict[str, str] | None:
    """Draw one line per feature, those without a purpose first; return what changed when it is saved."""
    missing = dataset.purposes_missing(features)
    shown = [*missing, *(name for name in features if name not in missing)][:MOST]
    with st.form(key, border=False):
        with st.grid(2, gap="small", min_column_width=320):
            typed = {
                name: st.text_input(
                    md(name),
                    value=dataset.purposes.get(name, ""),
                    max_chars=500,
                    placeholder=_("What is it used for, and why is it needed?"),
                    key=f"{key}_{name}",
                )
                for name in shown
            }
        saved = st.form_submit_button(_("Save the purposes"), icon=":material/save:")
    if not saved:
        return None
    return {n: text for n, text in typed.items() if text.strip() != dataset.purposes.get(n, "")}
