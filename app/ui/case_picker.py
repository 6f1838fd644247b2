"""Choose one explained row: the lowest, the highest, the middle, a random one, or by its number."""

import random

import pandas as pd
import streamlit as st

from app.ui.picker import switch
from core.i18n import _


def case_picker(scores: pd.Series) -> int:
    """Return the chosen row's position; the address holds the choice (`?case=`, `?row=`)."""
    ways = {
        "highest": _("Highest"),
        "lowest": _("Lowest"),
        "middle": _("Middle"),
        "row": _("By row number"),
    }
    ordered = scores.sort_values(kind="stable").index
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        way = switch(_("Case"), ways, param="case")
        st.button(_("Random"), icon=":material/shuffle:", on_click=_shuffle, args=[[int(i) for i in ordered]])
        if way == "row":
            return int(
                st.number_input(
                    _("Row"),
                    min_value=0,
                    step=1,
                    value=int(ordered[0]),
                    key="row",
                    bind="query-params",
                    width=140,
                    label_visibility="collapsed",
                )
            )
    return int(ordered[{"lowest": 0, "middle": len(ordered) // 2}.get(way, -1)])


def _shuffle(rows: list[int]) -> None:
    st.query_params["case"] = "row"
    st.session_state["row"] = random.choice(rows)  # noqa: S311 - a row to look at, no secret
