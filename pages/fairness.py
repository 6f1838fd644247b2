"""Fairness: how a version's decisions fall on groups of people, how sure that is, and what would change it."""

import streamlit as st

from app.looking import opened
from app.people_table import people_table
from app.record_weak import open_finding
from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.fairness import groups_card, lines_table, prefilled, proxies_card, threshold_card, verdict_line
from app.ui.fairness_trend import trend_card
from app.ui.findings import open_button
from app.ui.picker import pick_use_case, pick_version
from app.ui.progress import follow
from app.ui.protected_form import Declared, declared_line, protected_form
from app.ui.refused import refusals, refusals_end_page
from app.wiring import reading, store, unit_of_work
from core.assets.datasets import queries as datasets
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.decisions.releases.oversight import Part
from core.evidence.fairness import commands, presets, queries
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor


def job_of(version_id: str) -> queries.Job | None:
    with reading() as view:
        return queries.job(view, version_id)


def declare(use_case_id: str, said: Declared) -> None:
    with refusals():
        with unit_of_work(me) as uow:
            commands.declare(
                uow,
                use_case_id,
                attributes=said.attributes,
                none_reason=said.none_reason,
                favourable=said.favourable,
                preset=said.preset,
            )
        st.rerun()


def start(version_id: str) -> None:
    with refusals(), unit_of_work(me) as uow:
        commands.request_report(uow, version_id)


with reading() as view:
    cases = {case.slug: case for case in registry.use_cases(view)}
    people = {p.id: p.name for p in access.people(view) if not p.disabled}
header = page_header(_("Fairness"))
with header:
    slug = pick_use_case({s: c.title for s, c in cases.items()})
    with refusals_end_page(), reading() as view:
        versions = registry.versions(view, registry.use_case(view, slug).id) if slug else ()
    number = pick_version({str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(versions)})
    action = st.empty()
version = next((v for v in versions if str(v.number) == number), None)
if version is None or slug is None:
    empty(
        _("No models yet"),
        _("Fairness is measured on a version that has passed its checks."),
        icon="balance",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

running = follow(lambda: job_of(version.id), title=_("Measuring version {number}", number=version.number))
with reading() as view:
    found = queries.measured(view, version.id)
    now = queries.in_force(view, version)
    months = queries.trend(view, version.id)
    columns = [c.name for c in datasets.dataset(view, version.dataset_id).columns]
    if now.dataset_id:
        columns += [
            c.name for c in datasets.dataset(view, now.dataset_id).columns if c.name != now.key_column
        ]
    declarer = access.names(view, {now.declared_by}).get(now.declared_by, "") if now.declared_by else ""
offered = [c for c in dict.fromkeys(columns) if c not in (version.label_column, version.score_column)]

if found is not None and found.report.single:
    opened(version.id, Part.FAIRNESS)
    with card(_("What the lines say"), f":gray[{found.preset.name}]"):
        verdict_line(found)
        lines_table(found)
    parity, metric = groups_card(found)
    title, text = prefilled(found, parity, metric)
    if allowed(me, Permission.OPEN_FINDING):
        with action.container():
            open_button(
                people,
                store().clock().date(),
                lambda said: open_finding(version.id, said, me),
                key="fairness_finding",
                title=title,
                text=text,
                primary=True,
            )
    threshold_card(found, version.operating_threshold)
    if months:
        trend_card(months)
    proxies_card(found)
elif version.state is not registry.VersionState.READY:
    empty(_("This version cannot be measured yet"), _("It has not passed its checks."), icon="hourglass_top")
elif now.none_reason:
    empty(_("No protected attribute applies"), now.none_reason, icon="balance")
elif now.attributes and not running:
    empty(
        _("No fairness report yet"),
        _("Groups are compared on the evaluation data, in the background."),
        icon="balance",
    )
    if allowed(me, Permission.RUN_CHECKS):
        with st.container(horizontal_alignment="center"):
            st.button(
                _("Measure this version"),
                type="primary",
                icon=":material/balance:",
                on_click=start,
                args=[version.id],
            )
elif not running:
    empty(
        _("No protected attribute is declared"),
        _("Say below which columns are protected; every version is then measured."),
        icon="balance",
    )

with card(_("What is protected")):
    declared_line(now, declarer, presets.presets())
    if allowed(me, Permission.DESCRIBE_DATA):
        with st.expander(_("Change what is protected"), expanded=not now.attributes and not now.none_reason):
            classes = version.signature.classes if cases[slug].task is not Task.REGRESSION else ()
            said = protected_form(now, offered, classes, presets.presets(), key=f"protected_{slug}")
            if said is not None:
                declare(version.use_case_id, said)
        with st.expander(_("Send a table of its own")):
            people_table(me, slug, now)
