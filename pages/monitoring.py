"""Monitoring of one version: what moved, what it did to performance, what is wrong with the data, what happened."""

from collections.abc import Callable
from datetime import date

import streamlit as st

from app.happened import happened
from app.session import current
from app.ui.alert_list import alert_list
from app.ui.batch_zones import batch_zones
from app.ui.card import card, card_with, page_header
from app.ui.course import Course, course_chart, happenings
from app.ui.drift_view import drift_verdict
from app.ui.empty import empty
from app.ui.export import export
from app.ui.monitoring_figures import monitoring_figures
from app.ui.monitoring_frames import performance_frame
from app.ui.monitoring_tabs import Asked, drift_tab, quality_tab
from app.ui.performance_view import performance_view
from app.ui.picker import pick, pick_use_case, pick_version, switch, tabs
from app.ui.progress import follow
from app.ui.receipts import receipt, receipts
from app.ui.refused import refusals, refusals_end_page
from app.ui.text import md
from app.ui.timeline import timeline
from app.wiring import reading, store, unit_of_work
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.decisions.incidents import queries as incidents
from core.decisions.releases import queries as releases
from core.evidence.alerts import commands as alert_commands
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.tracing import Part
from core.evidence.monitoring import commands, queries
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.performance import BY_TASK, METRIC_NAMES, VOLUME, Metric
from core.evidence.monitoring.season import AGAINST_NAMES, Against
from core.evidence.monitoring.windows import GRAIN_NAMES, WHOLE_DAYS, Grain, Window
from core.i18n import _, day
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.jobs import queries as jobs

me = current().actor
with refusals_end_page(), reading() as view:
    cases = {one.slug: one for one in registry.use_cases(view)}
    health = queries.health(view)
    ready = [one for one in registry.versions(view) if one.state == VersionState.READY]

with page_header(_("Monitoring")):
    watched = {one.use_case_slug for one in ready}
    slug = pick_use_case({key: one.title for key, one in cases.items() if key in watched})
    mine = sorted((v for v in ready if v.use_case_slug == slug), key=lambda v: (v.id in health, v.number))
    chosen = pick_version({str(v.number): f"{v.model_name} v{v.number}" for v in mine})

version = next((v for v in mine if str(v.number) == chosen), None)
if version is None or slug is None:
    empty(
        _("No version to watch yet"),
        _("Upload a model first; predictions are compared with its evaluation data."),
        icon="monitoring",
        action=_("Upload"),
        page="../pages/upload.py",
    )
    st.stop()

task = cases[slug].task
with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
    grain = Grain(
        switch(
            _("Window"),
            {g.value: _(GRAIN_NAMES[g]) for g in (Grain.MONTH, Grain.WEEK, Grain.DAY, Grain.HOUR)},
            param="window",
        )
    )
    with reading() as view:
        rules = alerts.rules_of(view, cases[slug].id)
        usual = rules.against.resolved(whole_year=queries.covers_year(view, version.id))
    ordered = sorted(Against, key=lambda one: one != usual)
    against = Against(
        switch(_("Reference"), {a.value: _(AGAINST_NAMES[a]) for a in ordered}, param="against")
    )
coarse = grain if grain in WHOLE_DAYS else Grain.DAY
with reading() as view:
    drift = queries.drift(view, version.id, grain, against=against, tested=True)
    coverage = queries.coverage(view, version.id)
    raised = alerts.alerts(view, version_id=version.id)
    standing = [one for one in raised if one.open]
    people = access.names(view, {a.acknowledged_by for a in standing} - {""})
    evaluation = intake.evaluation(view, version.id)
    headline = queries.performance(view, version.id, BY_TASK[task][0], coarse)


def job() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "version", version.id, commands.PROFILE_JOB)


follow(job, title=_("Comparing new predictions with the reference"))


def data() -> None:
    """Where predictions and labels are sent, and what became of them."""

    def address(kind: BatchKind) -> Callable[[], str]:
        """Make what a zone asks when a file waits: the route with a fresh ticket."""

        def ask() -> str:
            with unit_of_work(me) as uow:
                ticket = issue_ticket(uow, Purpose.UPLOAD, version.id)
            return f"/api/v1/versions/{version.id}/batches/{kind.value}?ticket={ticket}"

        return ask

    with card(_("Predictions and labels")):
        if allowed(me, Permission.SEND_PREDICTIONS):
            probable = version.signature.output == "probability" and task == "binary"
            zones = batch_zones(
                address,
                output="probability" if probable else "prediction",
                features=version.signature.names,
                limit=store().settings.upload_limit,
            )
            for kind, sent in zones.items():
                if sent is not None and sent.received:
                    with reading() as view:
                        taken = queries.batch_of_file(view, version.id, kind, sent.digest)
                    if taken is not None:
                        receipt(taken)
        with reading() as view:
            arrived = queries.batches(view, version.id, limit=8)
        receipts(arrived)


if drift is None or coverage is None:
    since = _("No predictions since {day}, when the version was registered.", day=day(version.created_at))
    where = _(
        "Send a batch below, or post it: `POST /api/v1/predictions/{address}`.",
        address=f"{slug}/{version.number}",
    )
    empty(md(since), where, icon="satellite_alt")
    data()
    st.stop()

st.markdown(drift_verdict(drift, -1, rules.drift_limit))
monitoring_figures(drift, coverage, headline, BY_TASK[task][0], evaluation, rules.drift_limit)
if standing:
    with card(_("Alerts"), _(":gray[{n} open]", n=len(standing))):
        asked = alert_list(standing, people, may_acknowledge=allowed(me, Permission.ACKNOWLEDGE_ALERT))
        if asked is not None:
            with refusals():
                with unit_of_work(me) as uow:
                    alert_commands.acknowledge(uow, asked)
                st.rerun()


def split(subject: str, window: Window, segment: str) -> tuple[Part, ...] | None:
    with reading() as view:
        return alerts.split(view, version.id, subject, window, segment)


def ask_split(subject: str, window: Window, segment: str) -> None:
    with unit_of_work(me) as uow:
        alert_commands.ask_split(uow, version.id, subject, window, segment)


def splitting() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "version", version.id, alert_commands.SPLIT_JOB)


shown = tabs(
    {
        "drift": _("Drift"),
        "performance": _("Performance"),
        "quality": _("Data quality"),
        "course": _("Course"),
        "data": _("Data"),
    }
)
if shown["drift"].open:
    with shown["drift"]:
        may = allowed(me, Permission.RUN_EXPLANATION)
        drift_tab(drift, rules.drift_limit, Asked(split, ask_split, splitting, may))
if shown["performance"].open:
    with shown["performance"]:
        options = {m.value: _(METRIC_NAMES[m]) for m in (*BY_TASK[task], *VOLUME)}
        with card_with(_("Performance"), lambda: pick(_("Metric"), options, param="metric", width=220)):
            metric = Metric(st.query_params.get("metric", BY_TASK[task][0].value))
            with reading() as view:
                points = queries.performance(view, version.id, metric, coarse)
                expected = queries.estimates(view, version.id, metric, coarse)
            known = evaluation.metrics.get(metric.value) if evaluation else None
            performance_view(
                points, metric, known, coarse, expected=expected, happened=happened(cases[slug].id)
            )
            if points or expected:
                export(lambda: performance_frame(points, expected), f"performance_{metric.value}")
if shown["quality"].open:
    with shown["quality"]:
        quality_tab(drift, rules)
if shown["course"].open:
    with (
        shown["course"],
        card(_("Course"), f":gray[:small[{_('dashed: a release, dotted: a new version')}]]"),
    ):
        with reading() as view:
            course = Course(
                alerts=raised,
                incidents=incidents.incidents(view, version_id=version.id),
                deployments=releases.deployments(view, cases[slug].id),
                versions=registry.versions(view, cases[slug].id),
            )
        today: date = store().clock().date()
        course_chart(course, today, alt=_("Alerts, releases and versions over time."), key="course")
        timeline(happenings(course))
if shown["data"].open:
    with shown["data"]:
        data()
with st.container(horizontal=True, gap="small"):
    query = {"use_case": slug}
    st.page_link(
        "../pages/alert_rules.py", label=_("Monitoring rules"), icon=":material/rule:", query_params=query
    )
    report = f"/download/monitoring/{version.id}?format="
    st.link_button(_("Report (PDF)"), f"{report}pdf&window={coarse.value}", icon=":material/picture_as_pdf:")
    st.link_button(_("Report (HTML)"), f"{report}html&window={coarse.value}", icon=":material/html:")
