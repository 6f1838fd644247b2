"""The tab of a model's record that shows where it is weak: groups, shaken inputs, and errors that lie together."""

from datetime import date

import streamlit as st

from app.session import current
from app.ui.card import card
from app.ui.days import end_of
from app.ui.fairness import block
from app.ui.findings import Opened
from app.ui.robustness import robustness_view
from app.ui.slices import slices_view
from app.wiring import reading, store, unit_of_work
from core.assets.registry.version import Version
from core.decisions.findings import commands as findings
from core.evidence.fairness import queries as fairness
from core.evidence.robustness import queries as robustness
from core.evidence.slices import queries as slices
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.store import Actor


def weak_tab(version: Version, me: Actor) -> None:
    """Draw the three reports of a version, each with what it rests on."""
    with reading() as view:
        groups = fairness.measured(view, version.id)
        shaken = robustness.shaken(view, version.id)
        errors = slices.analysed(view, version.id)
        people = {p.id: p.name for p in access.people(view) if not p.disabled}
    today: date = store().clock().date()

    def send(said: Opened) -> None:
        open_finding(version.id, said, me)

    with card(_("Groups of people")):
        block(groups, link={"use_case": version.use_case_slug, "version": str(version.number)})
    with card(_("Shaken inputs")):
        if shaken is None:
            st.caption(_("No robustness report is stored for this version."))
        else:
            robustness_view(shaken)
    with card(_("Where it fails")):
        if errors is None:
            st.caption(_("No error analysis is stored for this version; it takes at least 240 rows."))
        else:
            slices_view(errors, people, today, send if allowed(me, Permission.OPEN_FINDING) else None)


def open_finding(version_id: str, said: Opened, me: Actor) -> None:
    """Open a finding on a version from what somebody saw, and draw the page anew."""
    with unit_of_work(me) as uow:
        findings.open_finding(
            uow,
            version_id=version_id,
            title=said.title,
            text=said.text,
            severity=said.severity,
            owner_id=said.owner_id,
            due_at=end_of(said.due, current().zone),
        )
    st.toast(_("The finding is open; it stands on the release review."), icon=":material/report:")
    st.rerun()
