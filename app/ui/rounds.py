"""The rounds of a request, and what was different in each."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui.text import md
from core.decisions.releases.review import RoundChange
from core.decisions.releases.snapshot import FACT_NAMES
from core.i18n import _, moment


def rounds(found: Sequence[RoundChange], names: Mapping[str, str]) -> None:
    """Draw the rounds, the newest first; each says which facts changed since the one before."""
    lines = []
    for one in reversed(found):
        facts = ", ".join(_(FACT_NAMES[name]) for name in one.changed)
        changed = _("changed: {facts}", facts=facts) if facts else _("nothing changed")
        if one.number == found[0].number:
            changed = _("the first")
        who = f"{names.get(one.opened_by, '–')} · {moment(one.opened_at)}"
        lines.append(f"**{_('Round {n}', n=one.number)}** · {md(changed)}  \n:gray[:small[{md(who)}]]")
    st.markdown("\n\n".join(lines))
