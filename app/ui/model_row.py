"""One line per use case: who answers for it, at what risk, where its model stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.i18n import _, ngettext

_WIDTHS = (3.0, 1.6, 1.2, 1.5, 1.6, 1.5)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a use case; `stages` are states that `badges.status` knows, the first one counts most.

    `open_alerts` is None where no prediction has been logged.
    """

    slug: str
    title: str
    owner: str
    tier: str
    stages: tuple[str, ...]
    latest: int | None
    model: str
    open_alerts: int | None = None


def matching(
    summaries: Sequence[Summary], words: str, tiers: Sequence[str], stages: Sequence[str]
) -> list[Summary]:
    """Return those that hold every word of `words` in title, name, model or owner, and pass the filters."""
    wanted = words.casefold().split()
    return [
        s
        for s in summaries
        if (not tiers or s.tier in tiers)
        and (not stages or set(s.stages) & set(stages))
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
    held = badges.row(*(badges.status(stage) for stage in summary.stages))
    cells[3].markdown(held or badges.badge(_("No version yet")))
    latest = "–" if summary.latest is None else f"v{summary.latest} · {md(summary.model)}"
    cells[4].markdown(latest)
    cells[5].markdown(_health(summary.open_alerts))


def _health(open_alerts: int | None) -> str:
    if open_alerts is None:
        return f":gray[{_('Not watched yet')}]"
    if not open_alerts:
        return badges.badge(_("No open alert"), badges.Tone.GOOD)
    return badges.badge(ngettext("{n} open alert", "{n} open alerts", open_alerts), badges.Tone.WARN)
