"""Choose one case: the lowest, the highest, the middle, a random one, by its row or by a logged prediction's id."""

import random
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.ui.picker import switch
from core.i18n import _


@dataclass(frozen=True)
class Picked:
    """A row of the evaluation data, or the id of a logged prediction (empty: none given yet)."""

    row: int | None
    prediction: str = ""


def case_picker(scores: pd.Series) -> Picked:
    """Return the chosen case; the address holds the choice (`?case=`, `?row=`, `?prediction=`)."""
    ways = {
        "highest": _("Highest"),
        "lowest": _("Lowest"),
        "middle": _("Middle"),
        "row": _("By row number"),
        "prediction": _("By prediction id"),
    }
    ordered = scores.sort_values(kind="stable").index
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        way = switch(_("Case"), ways, param="case")
        st.button(_("Random"), icon=":material/shuffle:", on_click=_shuffle, args=[ordered])
        if way == "row":
            row = st.number_input(
                _("Row"),
                min_value=0,
                step=1,
                value=int(ordered[0]),
                key="row",
                bind="query-params",
                width=140,
                label_visibility="collapsed",
            )
            return Picked(int(row))
        if way == "prediction":
            given = st.text_input(
                _("Prediction id"),
                key="prediction",
                bind="query-params",
                placeholder=_("Prediction id"),
                width=240,
                label_visibility="collapsed",
            )
            return Picked(None, str(given or "").strip())
    return Picked(int(ordered[{"lowest": 0, "middle": len(ordered) // 2}.get(way, -1)]))


def _shuffle(rows: pd.Index) -> None:
    st.query_params["case"] = "row"
    st.session_state["row"] = int(random.choice(rows))  # noqa: S311 - a row to look at, no secret
