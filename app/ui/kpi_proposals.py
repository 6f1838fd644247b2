"""Proposals of KPIs: what is asked, by whom, what changes, and the two answers."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.ui.card import card
from app.ui.kpi_value import bands
from app.ui.text import code, md
from core.evidence.kpis.definition import KIND_NAMES
from core.evidence.kpis.queries import Kpi
from core.evidence.monitoring.performance import METRIC_NAMES
from core.i18n import _, moment


def kpi_proposals(
    waiting: Sequence[Kpi],
    people: Mapping[str, str],
    me: str,
    may: Callable[[Kpi], bool],
) -> tuple[Kpi, bool] | None:
    """Draw what waits for a second person; return a proposal and whether it was approved, once answered."""
    answer: tuple[Kpi, bool] | None = None
    with card(_("Waiting for a second person")):
        for one in waiting:
            held = one.definition
            who = md(people.get(one.author_id, one.author_id))
            new = _("new") if one.number == 1 else _("change {n}", n=one.number)
            measured = (
                code(held.formula)
                if held.formula
                else md(_(METRIC_NAMES[held.metric]))
                if held.metric
                else "–"
            )
            st.markdown(f"**{md(held.name)}** · {md(_(KIND_NAMES[held.kind]))} · {new}  \n{measured}")
            owner = md(people.get(held.owner_id, "–"))
            st.caption(
                f"{bands(held)}  \n"
                + _(
                    "Proposed by {who}, {when}; answered for by {owner}.",
                    who=who,
                    when=moment(one.created_at),
                    owner=owner,
                )
            )
            may_decide = may(one)
            left, right, _rest = st.columns([1, 1, 3])
            if left.button(
                _("Put in force"), key=f"approve_{one.revision_id}", disabled=not may_decide, type="primary"
            ):
                answer = one, True
            own = one.author_id == me
            if right.button(
                _("Take back") if own else _("Decline"),
                key=f"decline_{one.revision_id}",
                disabled=not (may_decide or own),
            ):
                answer = one, False
            if not may_decide:
                st.caption(_("A second person of the owner's area decides; not who proposed it."))
    return answer
