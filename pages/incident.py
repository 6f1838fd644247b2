"""One incident: what went wrong, its course with releases and new versions, and what was done."""

import streamlit as st

from app.conversations import talk
from app.session import current
from app.ui.alert_rows import alert_rows
from app.ui.card import card, page_header
from app.ui.course import Course, course_chart, happenings
from app.ui.empty import empty
from app.ui.incident_parts import incident_facts, incident_marks, incident_rows
from app.ui.reason_dialog import reason_button
from app.ui.refused import may_not, refusals_end_page
from app.ui.text import md
from app.ui.timeline import timeline
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.incidents import commands, queries
from core.decisions.releases import queries as releases
from core.evidence.alerts import queries as alerts
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor
now = store().clock()
asked = st.query_params.get("incident", "")
if not asked:
    with reading() as view:
        found = queries.incidents(view)
        names = access.names(view, {one.owner_id for one in found})
    with page_header(_("Incidents")):
        pass
    if not found:
        empty(
            _("No incident"),
            _("One is opened from an alert."),
            icon="emergency_home",
            action=_("Alerts"),
            page="../pages/alerts.py",
        )
        st.stop()
    with card(_("Incidents")):
        incident_rows(found, names)
    st.stop()

with refusals_end_page(), reading() as view:
    incident = queries.incident(view, asked)
    version = registry.version(view, incident.version_id)
    case = registry.use_case_by_id(view, incident.use_case_id)
    raised = alerts.by_id(view, incident.alert_ids)
    notes = queries.notes(view, incident.id)
    people = {incident.owner_id, incident.opened_by, incident.closed_by} | {n.author_id for n in notes}
    names = access.names(view, (people | {a.owner_id for a in raised}) - {""})
    course = Course(
        alerts=raised,
        incidents=(incident,),
        deployments=releases.deployments(view, case.id),
        versions=registry.versions(view, case.id),
        notes=notes,
        names=names,
    )


def note(text: str) -> None:
    with unit_of_work(me) as uow:
        commands.note(uow, incident.id, text)
    st.rerun()


def close(text: str) -> None:
    with unit_of_work(me) as uow:
        commands.close(uow, incident.id, resolution=text)
    st.rerun()


with page_header(
    md(incident.title),
    badges=incident_marks(incident),
    trail=f"{md(case.title)} · {md(version.model_name)} v{version.number}",
):
    if incident.open and allowed(me, Permission.OPEN_INCIDENT):
        reason_button(_("Write down"), _("What happened, or what was done."), "edit_note", note)
        reason_button(
            _("Close"), _("Say what was done, and what keeps it from coming back."), "task_alt", close
        )

with card(_("Record")):
    incident_facts(incident, names)
    if incident.resolution:
        st.success(md(incident.resolution), icon=":material/task_alt:")
    if not allowed(me, Permission.OPEN_INCIDENT):
        may_not(_("The team keeps the record of incidents."))
with card(_("Course"), f":gray[:small[{_('dashed: a release, dotted: a new version')}]]"):
    course_chart(
        course, now.date(), alt=_("Alerts, releases and versions around the incident."), key="incident_course"
    )
    timeline(happenings(course))
with card(_("Alerts")):
    alert_rows(raised, {version.id: f"{case.title} v{version.number}"}, names, now)
talk("incident", incident.id, me)
