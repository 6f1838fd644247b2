"""Say which column of the table is which feature of the model, where the two are called differently."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui.text import code, md
from core.assets.datasets.reading import nearest
from core.i18n import _, ngettext

MOST = 60


def proposed(features: Sequence[str], columns: Sequence[str], label: str) -> dict[str, str]:
    """Return the nearest free column for each feature that has none of its name; empty where none is near."""
    free = [c for c in columns if c != label and c not in features]
    found: dict[str, str] = {}
    for feature in features:
        if feature not in columns:
            found[feature] = nearest(feature, [c for c in free if c not in found.values()])
    return found


def column_mapping(
    features: Sequence[str], columns: Sequence[str], label: str, given: Mapping[str, str], *, key: str
) -> dict[str, str] | None:
    """Draw one choice per feature without a column, the nearest one proposed; return the mapping when it is sent."""
    proposals = {**proposed(features, columns, label), **{f: c for f, c in given.items() if c in columns}}
    there = len(features) - len(proposals)
    st.markdown(
        ngettext("{n} feature has a column of its name.", "{n} features have a column of their name.", there)
    )
    free = [c for c in columns if c != label and (c not in features or c in given.values())]
    chosen: dict[str, str | None] = {}
    with st.grid(2, gap="small", min_column_width=300):
        for feature, near in list(proposals.items())[:MOST]:
            chosen[feature] = st.selectbox(
                _("{feature} is the column", feature=code(feature)),
                free,
                index=free.index(near) if near in free else None,
                placeholder=_("Choose a column"),
                key=f"{key}_{feature}",
            )
    open_still = [feature for feature, column in chosen.items() if not column]
    if open_still:
        st.caption(
            ":material/checklist: " + _("Still without a column: {names}.", names=md(", ".join(open_still)))
        )
    if st.button(
        _("Check again with these columns"),
        type="primary",
        icon=":material/sync_alt:",
        disabled=bool(open_still),
    ):
        return {feature: column for feature, column in chosen.items() if column}
    return None
