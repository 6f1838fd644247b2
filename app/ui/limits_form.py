"""What may change in a case, as the data owner says it: a table of features, and which columns follow another."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.ui.empty import note
from core.assets.datasets.schema import Column
from core.evidence.recourse.limits import BOND_NAMES, WAY_NAMES, Bond, FeatureLimit, Limits, Link, Way
from core.i18n import _


def limits_form(features: Sequence[Column], held: Limits, fixed: Sequence[str]) -> Limits | None:
    """Draw the form; return what was said when it is sent. `fixed` are features that never change whoever asks."""
    open_to = [c for c in features if c.name not in fixed]
    if fixed:
        note(_("Never changed, being protected or sensitive: {names}.", names=", ".join(fixed)))
    ways = {way: _(WAY_NAMES[way]) for way in Way}
    bonds = {bond: _(BOND_NAMES[bond]) for bond in Bond}
    numeric = [c.name for c in features if c.numeric]
    with st.form("limits", border=False):
        told = st.data_editor(
            _table(open_to, held, ways),
            hide_index=True,
            disabled=["feature"],
            key="limits_table",
            column_config={
                "feature": st.column_config.TextColumn(_("Feature")),
                "way": st.column_config.SelectboxColumn(
                    _("May change"), options=list(ways.values()), required=True
                ),
                "low": st.column_config.NumberColumn(_("From")),
                "high": st.column_config.NumberColumn(_("To")),
                "step": st.column_config.NumberColumn(_("Step")),
                "categories": st.column_config.ListColumn(_("Only these")),
            },
        )
        note(_("A column that follows another is never changed by itself."))
        links = st.data_editor(
            pd.DataFrame(
                [[k.leader, k.follower, bonds[k.bond]] for k in held.links],
                columns=["leader", "follower", "bond"],
                dtype="string",
            ),
            num_rows="dynamic",
            hide_index=True,
            key="limits_links",
            column_config={
                "leader": st.column_config.SelectboxColumn(
                    _("When this changes"), options=numeric, required=True
                ),
                "follower": st.column_config.SelectboxColumn(
                    _("this follows"), options=numeric, required=True
                ),
                "bond": st.column_config.SelectboxColumn(
                    _("how"), options=list(bonds.values()), required=True
                ),
            },
        )
        if not st.form_submit_button(_("Set these limits"), type="primary"):
            return None
    way_of = {words: way for way, words in ways.items()}
    bond_of = {words: bond for bond, words in bonds.items()}
    return Limits(
        {
            str(row["feature"]): FeatureLimit(
                way_of[str(row["way"])],
                _number(row["low"]),
                _number(row["high"]),
                _number(row["step"]),
                tuple(str(c) for c in (row["categories"] if isinstance(row["categories"], list) else ())),
            )
            for _place, row in told.iterrows()
        },
        tuple(
            Link(str(r["leader"]), str(r["follower"]), bond_of[str(r["bond"])])
            for _place, r in links.dropna().iterrows()
        ),
    )


def _table(features: Sequence[Column], held: Limits, ways: dict[Way, str]) -> pd.DataFrame:
    rows = []
    for column in features:
        limit = held.of(column.name)
        rows.append([column.name, ways[limit.way], limit.low, limit.high, limit.step, list(limit.categories)])
    table = pd.DataFrame(rows, columns=["feature", "way", "low", "high", "step", "categories"])
    return table.astype({"low": "float64", "high": "float64", "step": "float64"})


def _number(value: object) -> float | None:
    number = None if value is None else float(str(value))
    return None if number is None or number != number else number  # noqa: PLR0124 NaN is an empty cell
