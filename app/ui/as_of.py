"""A day in the past: the control, and what was live then, under which decision, policy and evidence."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.empty import empty
from app.ui.gates_table import gates_table
from app.ui.release_words import environment_name
from app.ui.text import digest, md
from core.decisions.releases.as_of import AsOf
from core.decisions.releases.standing import REASONS, WORTH_NAMES, Worth
from core.i18n import _, day, moment, ngettext
from core.platform.access.permissions import ROLE_NAMES, Role


def as_of_control(zone: str, today: date) -> datetime | None:
    """Draw the day picker, kept in `?as_of=`; return the end of that day in the reader's zone, none for now."""
    chosen = st.date_input(
        _("As of"),
        value=None,
        max_value=today,
        key="as_of",
        bind="query-params",
        width=170,
        help=_("What was live at the end of that day, as it was known then."),
    )
    if not isinstance(chosen, date):
        return None
    return datetime.combine(chosen, time.max, ZoneInfo(zone)).astimezone(UTC)


def as_of_view(found: Sequence[AsOf], names: Mapping[str, str], at: datetime) -> None:
    """Draw one card for each environment in which a version was live at `at`."""
    st.info(_("You look at {day}, as it was known then.", day=day(at)), icon=":material/history:")
    if not found:
        empty(_("Nothing was live on that day"), icon="history")
    for each in found:
        _card(each, names)


def _card(found: AsOf, names: Mapping[str, str]) -> None:
    place = badges.badge(f"→ {environment_name(found.deployment.environment)}")
    worth = "" if found.valid else badges.badge(_("The approval had expired"), badges.Tone.BLOCK)
    if found.valid and found.worth is not Worth.GOOD:
        tone = badges.Tone.WARN if found.worth is Worth.WARNING else badges.Tone.BLOCK
        worth = badges.badge(_(WORTH_NAMES[found.worth]), tone)
    with card(f"{md(found.release.title)}  :gray[v{found.version.number}]", f"{place} {worth}"):
        st.markdown(
            "  \n".join(
                (
                    _("Live since {when}", when=moment(found.deployment.started_at)),
                    _(
                        "Policy {name} {version}",
                        name=md(found.policy.name),
                        version=md(found.policy.version),
                    )
                    + f" · {digest(found.policy.digest)}",
                    _("Model file") + f" · {digest(found.snapshot.artifact_digest)}",
                    _("Signed facts") + f" · {digest(found.snapshot_digest)}",
                )
            )
        )
        for reason in found.reasons:
            st.markdown(f":orange[:material/warning: {_(REASONS[reason])}]")
        for signed in found.signatures:
            area = _(ROLE_NAMES[Role(signed.area)])
            who = md(names.get(signed.person_id, signed.person_id))
            st.markdown(f":material/draw: {who} · {area} · {moment(signed.signed_at)}")
        if found.gates:
            with st.expander(
                ngettext("{n} gate, as judged then", "{n} gates, as judged then", len(found.gates))
            ):
                gates_table(found.gates, {})
        st.page_link(
            "../pages/release_review.py",
            label=_("Open the decision"),
            icon=":material/gavel:",
            query_params={"release": found.release.id},
        )
