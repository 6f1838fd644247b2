"""Monitoring: what moved since the reference, what it did to performance, and what arrived."""

from collections.abc import Callable
from math import isnan

import streamlit as st

from app.session import current
from app.ui.alert_list import alert_list
from app.ui.batch_zones import batch_zones
from app.ui.card import card, card_with, page_header
from app.ui.drift_table import drift_table
from app.ui.drift_view import column_detail, drift_map, drift_verdict
from app.ui.empty import empty
from app.ui.monitoring_figures import monitoring_figures
from app.ui.performance_view import performance_view
from app.ui.picker import pick, pick_use_case, pick_version, switch
from app.ui.progress import follow
from app.ui.receipts import receipt, receipts
from app.ui.refused import refusals, refusals_end_page
from app.ui.text import md
from app.ui.window_name import window_name
from app.wiring import reading, store, unit_of_work
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.evidence.alerts import commands as alert_commands
from core.evidence.alerts import queries as alerts
from core.evidence.monitoring import commands, queries
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.performance import BY_TASK, METRIC_NAMES, VOLUME, Metric
from core.evidence.monitoring.windows import GRAIN_NAMES, Grain
from core.i18n import _, day
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.jobs import queries as jobs

me = current().actor
limit = alerts.default_rules().drift_limit

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
grain = Grain(
    switch(
        _("Window"),
        {g.value: _(GRAIN_NAMES[g]) for g in (Grain.MONTH, Grain.WEEK, Grain.DAY)},
        param="window",
    )
)
with reading() as view:
    drift = queries.drift(view, version.id, grain)
    coverage = queries.coverage(view, version.id)
    raised = alerts.alerts(view, version_id=version.id, only_open=True)
    people = access.names(view, {a.acknowledged_by for a in raised} - {""})
    evaluation = intake.evaluation(view, version.id)
    arrived = queries.batches(view, version.id, limit=8)
    headline = queries.performance(view, version.id, BY_TASK[task][0], grain)


def job() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "version", version.id, commands.PROFILE_JOB)


follow(job, title=_("Comparing new predictions with the reference"))

if drift is None or coverage is None:
    since = _("No predictions since {day}, when the version was registered.", day=day(version.created_at))
    empty(
        md(since),
        _(
            "Send a batch below, or post it: `POST /api/v1/predictions/{address}`.",
            address=f"{slug}/{version.number}",
        ),
        icon="satellite_alt",
    )
else:
    st.markdown(drift_verdict(drift, -1, limit))
    monitoring_figures(drift, coverage, headline, BY_TASK[task][0], evaluation)

    if raised:
        with card(_("Alerts"), _(":gray[{n} open]", n=len(raised))):
            asked = alert_list(raised, people, may_acknowledge=allowed(me, Permission.ACKNOWLEDGE_ALERT))
            if asked is not None:
                with refusals():
                    with unit_of_work(me) as uow:
                        alert_commands.acknowledge(uow, asked)
                    st.rerun()

    with card(_("Drift over time"), f":gray[{md(_('against the evaluation data'))}]"):
        drift_map(drift, limit)

    @st.fragment
    def columns() -> None:
        """One window's columns, and one of them in detail."""
        names = {w.start.isoformat(): window_name(w, grain) for w in drift.windows}

        def controls() -> None:
            pick(_("Window"), names, param="at", newest_first=True, width=180)

        with card_with(_("Columns"), controls):
            at = list(names).index(st.query_params.get("at", list(names)[-1]))
            ranked = sorted(drift.columns, key=lambda c: 1.0 if isnan(c.psi[at]) else -c.psi[at])
            column = pick(_("Column"), {c.name: named(c.name) for c in ranked}, param="column")
            column_detail(drift, column or ranked[0].name, at, limit)
            drift_table(drift.columns, at, limit=limit)

    columns()

    @st.fragment
    def performance() -> None:
        """One metric over time."""
        options = {m.value: _(METRIC_NAMES[m]) for m in (*BY_TASK[task], *VOLUME)}
        with card_with(_("Performance"), lambda: pick(_("Metric"), options, param="metric", width=220)):
            metric = Metric(st.query_params.get("metric", BY_TASK[task][0].value))
            with reading() as fresh:
                points = queries.performance(fresh, version.id, metric, grain)
            performance_view(
                points, metric, evaluation.metrics.get(metric.value) if evaluation else None, grain
            )

    performance()


def address(kind: BatchKind) -> Callable[[], str]:
    """Make what a zone asks when a file waits: the route with a fresh ticket."""

    def ask() -> str:
        with unit_of_work(me) as uow:
            ticket = issue_ticket(uow, Purpose.UPLOAD, version.id)
        return f"/api/v1/versions/{version.id}/batches/{kind.value}?ticket={ticket}"

    return ask


with card(_("Predictions and labels")):
    if allowed(me, Permission.SEND_PREDICTIONS):
        score = (
            "probability" if version.signature.output == "probability" and task == "binary" else "prediction"
        )
        zones = batch_zones(
            address, output=score, features=version.signature.names, limit=store().settings.upload_limit
        )
        for kind, sent in zones.items():
            if sent is not None and sent.received:
                with reading() as view:
                    taken = queries.batch_of_file(view, version.id, kind, sent.digest)
                if taken is not None:
                    receipt(taken)
    receipts(arrived)
