"""The tab of a model's record that shows where it is weak: groups, shaken inputs, and errors that lie together."""

from collections.abc import Callable
from datetime import date

import streamlit as st

from app.session import current
from app.ui.card import card
from app.ui.days import end_of
from app.ui.fairness import block
from app.ui.findings import Opened
from app.ui.progress import follow
from app.ui.refused import refusals
from app.ui.robustness import robustness_view
from app.ui.slices import slices_view
from app.wiring import reading, store, unit_of_work
from core.assets.registry.version import Version, VersionState
from core.decisions.findings import commands as findings
from core.evidence.fairness import queries as fairness
from core.evidence.robustness import commands as robustness_commands
from core.evidence.robustness import queries as robustness
from core.evidence.slices import commands as slices_commands
from core.evidence.slices import queries as slices
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job
from core.platform.store import Actor, UnitOfWork


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
            if not version.score_column:
                _start(
                    version,
                    me,
                    _("Shake the inputs"),
                    "vibration",
                    robustness.JOB_KIND,
                    robustness_commands.request_report,
                )
        else:
            robustness_view(shaken)
    with card(_("Where it fails")):
        if errors is None:
            st.caption(_("No error analysis is stored for this version; it takes at least 240 rows."))
            _start(
                version,
                me,
                _("Analyse its errors"),
                "troubleshoot",
                slices.JOB_KIND,
                slices_commands.request_analysis,
            )
        else:
            slices_view(errors, people, today, send if allowed(me, Permission.OPEN_FINDING) else None)


def _start(
    version: Version, me: Actor, words: str, icon: str, kind: str, ask: Callable[[UnitOfWork, str], str]
) -> None:
    """Offer to start a check that has no report yet; its job shows on the page while it runs."""
    if version.state is not VersionState.READY or not allowed(me, Permission.RUN_CHECKS):
        return

    def job() -> Job | None:
        with reading() as view:
            return jobs.latest(view, "version", version.id, kind)

    if follow(job, title=words):
        return
    if st.button(words, icon=f":material/{icon}:", key=f"start_{icon}"):
        with refusals():
            with unit_of_work(me) as uow:
                ask(uow, version.id)
            st.rerun()


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
