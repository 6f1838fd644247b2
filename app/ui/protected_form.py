"""Say which attributes are protected, what is favourable, and by whose lines it is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.text import md
from core.evidence.fairness.presets import Preset
from core.evidence.fairness.queries import Declaration
from core.i18n import _, day


@dataclass(frozen=True, slots=True)
class Declared:
    """What was chosen."""

    attributes: tuple[str, ...]
    none_reason: str
    favourable: str
    preset: str


def protected_form(
    now: Declaration,
    columns: Sequence[str],
    classes: Sequence[str],
    presets: Mapping[str, Preset],
    *,
    key: str,
) -> Declared | None:
    """Draw the choices filled with what holds; return them when they are saved."""
    attributes = st.multiselect(
        _("Protected attributes"),
        list(dict.fromkeys([*columns, *now.attributes])),
        default=list(now.attributes),
        placeholder=_("None"),
        help=_("Columns of the evaluation table, or of a table of their own that no model sees."),
        key=f"{key}_attributes",
    )
    none_reason = ""
    if not attributes:
        none_reason = st.text_area(
            _("Why none applies"), value=now.none_reason, max_chars=2000, height=80, key=f"{key}_none"
        )
    favourable = ""
    if classes:
        favourable = st.selectbox(
            _("Favourable for the person"),
            list(classes),
            index=list(classes).index(now.favourable) if now.favourable in classes else len(classes) - 1,
            help=_("The class that somebody hopes for: hired, approved, healthy."),
            key=f"{key}_favourable",
        )
    preset = st.selectbox(
        _("Judged by"),
        list(presets),
        index=list(presets).index(now.preset) if now.preset in presets else 0,
        format_func=lambda value: presets[value].name,
        key=f"{key}_preset",
    )
    told = presets[preset]
    st.caption(f"{md(told.text)}  \n{md(told.basis)} · {md(_('as known on {date}', date=told.as_known_on))}")
    if st.button(_("Save and measure"), icon=":material/balance:", key=f"{key}_save"):
        return Declared(tuple(attributes), none_reason, favourable, preset)
    return None


def declared_line(now: Declaration, by: str, presets: Mapping[str, Preset]) -> None:
    """Say what holds now, and who said so."""
    if now.none_reason:
        st.markdown(f"**{_('No protected attribute applies')}**: {md(now.none_reason)}")
    else:
        st.markdown(f"**{_('Protected attributes')}**: {md(', '.join(now.attributes)) or _('none')}")
    if now.favourable:
        st.markdown(f"**{_('Favourable for the person')}**: {md(now.favourable)}")
    st.markdown(f"**{_('Judged by')}**: {md(presets[now.preset].name)}")
    if now.dataset_id:
        st.markdown(
            f"**{_('Table of its own')}**: {md(_('joined by {column}; no model sees it', column=now.key_column))}"
        )
    if now.declared_at is not None:
        st.caption(md(_("Declared by {name} on {when}.", name=by or "–", when=day(now.declared_at))))
    else:
        st.caption(_("Proposed by the evaluation table; nobody has declared it yet."))
