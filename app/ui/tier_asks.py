"""What the risk tier of a use case asks for: who signs in each environment, and which documents."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui.law_words import in_language
from app.ui.release_words import area_names, environment_name
from core.assurance.compliance.controls import DOCUMENT_KINDS
from core.assurance.compliance.facts import Held
from core.assurance.compliance.provision import Law
from core.decisions.releases import policies
from core.decisions.releases.book import Published
from core.i18n import _


def tier_asks(
    book: Sequence[Published],
    asked: Mapping[str, Sequence[tuple[Law, str]]],
    held: Mapping[str, Held],
    slug: str,
) -> None:
    """Draw the signatures of each policy in `book`, then each document: asked by which article, approved or not."""
    for found in book:
        signs = "; ".join(
            f"{one.count} × {area_names(one.areas)}" for one in policies.read(found.text).quorum
        )
        st.markdown(
            f":material/approval: **{environment_name(found.environment)}** · {found.name} {found.version}: {signs}"
        )
    for kind, articles in asked.items():
        icon = (
            ":green[:material/check_circle:]" if kind in held else ":gray[:material/radio_button_unchecked:]"
        )
        link = f"document?use_case={slug}&kind={kind}"
        source = " · ".join(f"{in_language(law.title)} {article}" for law, article in articles)
        st.markdown(f"{icon} [{_(DOCUMENT_KINDS[kind])}]({link}) :gray[:small[{source}]]")
