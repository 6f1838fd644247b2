"""What a reviewer must know before anything else: what stands in the way, or how it ended."""

from datetime import datetime

import streamlit as st

from app.ui.gates_table import count
from app.ui.text import md
from core.decisions.releases.gates import GATES
from core.decisions.releases.review import Review
from core.decisions.releases.snapshot import FACT_NAMES
from core.decisions.releases.standing import REASONS, Standing, Worth
from core.decisions.releases.states import ReleaseState
from core.i18n import _, day


def _standing(standing: Standing) -> None:
    until = day(standing.expires_at)
    reasons = " ".join(md(_(REASONS[reason])) for reason in standing.reasons)
    if standing.worth is Worth.GOOD:
        st.success(_("Live. The approval holds until {when}.", when=until), icon=":material/rocket_launch:")
    elif standing.worth is Worth.WARNING:
        st.warning(
            _(
                "Live, with a warning: {reasons} The approval holds until {when}.",
                reasons=reasons,
                when=until,
            ),
            icon=":material/priority_high:",
        )
    elif standing.worth is Worth.FALL_BACK:
        st.error(
            _(
                "Stepped back: {reasons} The live address answers the version before it, if that one still stands.",
                reasons=reasons,
            ),
            icon=":material/pause_circle:",
        )
    else:
        st.error(
            _("Suspended: {reasons} The live address answers that nothing is live.", reasons=reasons),
            icon=":material/pause_circle:",
        )


def banner(found: Review, now: datetime) -> None:
    """Draw at most one banner, and one more where one person decides alone; nothing where the request simply waits."""
    release = found.release
    if found.alone:
        st.warning(
            _("This policy lets one person decide alone, because only one person is here."),
            icon=":material/person_alert:",
        )
    if found.void:
        facts = ", ".join(_(FACT_NAMES[name]) for name in found.void)
        st.warning(
            _(
                "This round is void: {facts} changed after it was submitted. A new round starts its signatures anew.",
                facts=md(facts),
            ),
            icon=":material/sync_problem:",
        )
    elif release.state is ReleaseState.IN_REVIEW and count(found.gates).blocking:
        names = ", ".join(_(GATES[g.verdict.kind].name) for g in found.gates if g.verdict.blocks)
        st.error(
            _("It cannot be approved while gates block it: {gates}.", gates=md(names)),
            icon=":material/block:",
        )
    elif release.state is ReleaseState.CHANGES_REQUESTED:
        st.warning(
            _("Changes were requested. When they are made, open a new round."), icon=":material/edit_note:"
        )
    elif found.live is not None:
        _standing(found.live.standing(now))
    elif release.state is ReleaseState.EXPIRED:
        st.warning(
            _("It expired: the signatures did not come in time. Silence never approves."),
            icon=":material/timer_off:",
        )
    elif release.state is ReleaseState.REJECTED:
        st.error(_("Rejected. The reasons stand in the activity."), icon=":material/close:")
