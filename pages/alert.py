"""One alert: what happened, why, who takes care of it, and the steps that follow."""

from datetime import datetime

import streamlit as st

from app.conversations import talk
from app.session import current
from app.ui import badges
from app.ui.alert_care import Steps, alert_care, alert_history
from app.ui.alert_rows import care_badge
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.incident_parts import Told, incident_button, incident_rows
from app.ui.progress import rerun_when_other
from app.ui.refused import may_not, refusals_end_page
from app.ui.text import md
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.incidents import commands as incidents
from core.decisions.incidents import queries as incident_queries
from core.evidence.alerts import commands, queries
from core.evidence.alerts.alert import Alert
from core.evidence.alerts.rules import KIND_NAMES
from core.evidence.monitoring.column_names import named
from core.i18n import _, day
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor
now = store().clock()
asked = st.query_params.get("alert", "")
if not asked:
    empty(_("No alert chosen"), icon="notifications", action=_("Alerts"), page="../pages/alerts.py")
    st.stop()
with refusals_end_page(), reading() as view:
    alert = queries.alert(view, asked)
    version = registry.version(view, alert.version_id)
    case = registry.use_case_by_id(view, version.use_case_id)
    deeds = queries.deeds(view, alert.id)
    told = incident_queries.of_alert(view, alert.id)
    people = {p.id: p.name for p in access.people(view) if not p.disabled}
    names = people | access.names(view, {d.by for d in deeds} | {alert.owner_id} - {""})
    longest = queries.rules_of(view, case.id).longest_snooze_days
    successor = registry.version(view, alert.succeeded_by).number if alert.succeeded_by else 0

model = f"{md(case.title)} · {md(version.model_name)} v{version.number}"
with page_header(
    f"{md(_(KIND_NAMES[alert.kind]))}: {md(named(alert.subject))}", badges=care_badge(alert, now), trail=model
):
    st.page_link(
        "../pages/monitoring.py",
        label=_("See the column in version {n}", n=successor) if successor else _("See the column"),
        icon=":material/monitoring:",
        query_params={
            "use_case": case.slug,
            "version": str(successor or version.number),
            "window": alert.grain.value,
            "at": (alert.last.start if successor else alert.peak or alert.first).isoformat(),
            "column": alert.subject,
        },
    )
    if alert.open and allowed(me, Permission.PROPOSE_RETRAINING):
        st.page_link(
            "../pages/retraining.py",
            label=_("Retraining"),
            icon=":material/model_training:",
            query_params={"use_case": case.slug},
        )


def acknowledge() -> None:
    with unit_of_work(me) as uow:
        commands.acknowledge(uow, alert.id)


def assign(to: str) -> None:
    with unit_of_work(me) as uow:
        commands.assign(uow, alert.id, to)


def snooze(until: datetime, reason: str) -> None:
    with unit_of_work(me) as uow:
        commands.snooze(uow, alert.id, until=until, reason=reason)


def wake() -> None:
    with unit_of_work(me) as uow:
        commands.wake(uow, alert.id)


def escalate(to: str, reason: str) -> None:
    with unit_of_work(me) as uow:
        commands.escalate(uow, alert.id, to=to, reason=reason)


def open_incident(said: Told) -> None:
    with unit_of_work(me) as uow:
        made = incidents.open_incident(
            uow,
            version_id=version.id,
            title=said.title,
            text=said.text,
            severity=said.severity,
            owner_id=said.owner_id,
            began_at=said.began_at,
            alert_ids=[alert.id],
        )
    st.switch_page("../pages/incident.py", query_params={"incident": made.id})


with card(_("What happened")):
    st.markdown(md(alert.text()))
    for cause in alert.causes[1:]:
        st.markdown(f"- {md(cause.text())}")
    since = _("Since {day}; rules {rules}", day=day(alert.first), rules=alert.rule_version)
    st.caption(
        md(since)
        + (f" · {badges.badge(names.get(alert.owner_id, '–'), icon='person')}" if alert.owner_id else "")
    )
    if allowed(me, Permission.ACKNOWLEDGE_ALERT):
        alert_care(alert, people, now, Steps(acknowledge, assign, snooze, wake, escalate), longest=longest)
        if allowed(me, Permission.OPEN_INCIDENT):
            incident_button(
                people, me.id, alert.first, now, open_incident,
                title=f"{_(KIND_NAMES[alert.kind])}: {named(alert.subject)}", text=alert.text(),
            )  # fmt: skip
    else:
        may_not(_("The team takes care of alerts."))
if told:
    with card(_("Incidents")):
        incident_rows(told, names)
talk("alert", alert.id, me)
with card(_("History")):
    alert_history(alert, deeds, names, successor)


def standing(one: Alert) -> object:
    return (
        one.last,
        one.resolved_at,
        one.acknowledged_at,
        one.owner_id,
        one.snoozed_until,
        one.escalated_at,
    )


def standing_now() -> object:
    with reading() as view:
        return standing(queries.alert(view, alert.id))


if alert.open:
    rerun_when_other(standing_now, standing(alert))
