"""One line per release request: what, where to, where it stands, until when."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.ui import badges
from app.ui.release_words import environment_name, state_badge
from app.ui.text import md
from core.decisions.releases.release import Release
from core.decisions.releases.states import OPEN
from core.i18n import _, ago, day

_WIDTHS = (3.0, 1.3, 1.6, 1.1, 1.6, 1.7)
PAGE = "../pages/release_review.py"


def release_rows(found: Sequence[Release], names: Mapping[str, str], now: datetime) -> None:
    """Draw the requests, each with the link to its review."""
    until = _("Due") if any(release.state in OPEN for release in found) else _("Decided")
    heads = (_("Release"), _("Risk tier"), _("State"), _("Signatures"), _("Requested by"), until)
    for column, head in zip(st.columns(_WIDTHS, vertical_alignment="center"), heads, strict=True):
        column.caption(head)
    for release in found:
        cells = st.columns(_WIDTHS, vertical_alignment="center")
        with cells[0]:
            st.page_link(
                PAGE, label=_title(release), icon=":material/approval:", query_params={"release": release.id}
            )
        cells[1].markdown(badges.tier(release.tier))
        cells[2].markdown(state_badge(release.state))
        cells[3].markdown(_("{taken} of {signatures}", taken=release.signed, signatures=release.signatures))
        cells[4].markdown(md(names.get(release.requested_by, "–")))
        cells[5].markdown(_due(release, now))


def _title(release: Release) -> str:
    return f"{md(release.title)} **v{release.version.number}** → {md(environment_name(release.environment))}"


def _due(release: Release, now: datetime) -> str:
    if release.state not in OPEN:
        ended = release.closed_at or release.requested_at
        return f":gray[{day(ended)}]"
    if release.due_at < now:
        return badges.badge(_("overdue since {when}", when=day(release.due_at)), badges.Tone.WARN)
    return f"{day(release.due_at)}  \n:gray[:small[{ago(release.due_at - now)}]]"
