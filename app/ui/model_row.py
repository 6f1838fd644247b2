"""One line per use case: who answers for it, at what risk, where its model stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.i18n import _

_WIDTHS = (3.0, 1.6, 1.2, 1.5, 1.6, 1.5)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a use case; `stage` and `health` are states that `badges.status` knows."""

    slug: str
    title: str
    owner: str
    tier: str
    stage: str
    latest: int | None
    model: str
    health: str = ""


def matching(
    summaries: Sequence[Summary], words: str, tiers: Sequence[str], stages: Sequence[str]
) -> list[Summary]:
    """Return those that hold every word of `words` in title, name, model or owner, and pass the filters."""
    wanted = words.casefold().split()
    return [
        s
        for s in summaries
        if (not tiers or s.tier in tiers)
        and (not stages or s.stage in stages)
        and all(w in f"{s.title} {s.slug} {s.model} {s.owner}".casefold() for w in wanted)
    ]


def heading() -> None:
    """Draw the names of the columns."""
    names = (_("Use case"), _("Owner"), _("Risk tier"), _("Stage"), _("Latest version"), _("Health"))
    for column, name in zip(st.columns(_WIDTHS, vertical_alignment="center"), names, strict=True):
        column.caption(name)


def row(summary: Summary) -> None:
    """Draw one use case with the link to its record."""
    cells = st.columns(_WIDTHS, vertical_alignment="center")
    with cells[0]:
        st.page_link(
            "../pages/model.py",
            label=md(summary.title),
            icon=":material/deployed_code:",
            query_params={"use_case": summary.slug},
        )
    cells[1].markdown(md(summary.owner) or "–")
    cells[2].markdown(badges.tier(summary.tier))
    cells[3].markdown(badges.status(summary.stage) if summary.stage else badges.badge(_("No version yet")))
    latest = "–" if summary.latest is None else f"v{summary.latest} · {md(summary.model)}"
    cells[4].markdown(latest)
    cells[5].markdown(badges.status(summary.health) if summary.health else f":gray[{_('Not watched yet')}]")
