"""Explainability: what drives a version's decisions, how one feature acts, and why one case came out as it did."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pandas as pd
import streamlit as st

from app.conversations import talk
from app.looking import opened
from app.session import current
from app.ui.attribution_drift import attribution_drift
from app.ui.card import page_header
from app.ui.case_desk import Desk, case_desk
from app.ui.empty import empty
from app.ui.explanation import Shown, drivers, one_feature, verdict_line
from app.ui.limits_form import limits_form
from app.ui.on_request import OnRequest
from app.ui.picker import pick_use_case, pick_version
from app.ui.progress import follow
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.trial_panel import trial_banner, trial_panel
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.releases.oversight import Part
from core.evidence.attribution_drift import commands as drift_commands
from core.evidence.attribution_drift import queries as drift
from core.evidence.explain import commands, queries
from core.evidence.explain.words import unit_name
from core.evidence.recourse import commands as recourse_commands
from core.evidence.recourse import queries as recourse
from core.evidence.recourse.case import CaseAnswer, Values
from core.i18n import _
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed

me = current().actor
may_explain = allowed(me, Permission.RUN_EXPLANATION)


@st.cache_resource(ttl=timedelta(hours=1), max_entries=8, show_spinner=False)
def stored(digest: str, _found: queries.Explanation) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:  # noqa: ARG001
    """Attributions, feature values and scores: immutable under their digest, so read once and shared by every session."""
    values = queries.attributions(store().files, _found)
    return values, queries.inputs(store().files, _found, values.index), queries.scores(store().files, _found)


def explanation_of(version_id: str) -> queries.Explanation | None:
    with reading() as view:
        return queries.explanation(view, version_id)


def ask_for(command: Callable[..., str], version_id: str) -> None:
    with refusals(), unit_of_work(me) as uow:
        command(uow, version_id)


def job_for(query: Callable[..., queries.Job | None], version_id: str) -> queries.Job | None:
    with reading() as view:
        return query(view, version_id)


def ask(version_id: str, values: Values, search: bool) -> None:
    with refusals(), unit_of_work(me) as uow:
        recourse_commands.ask(uow, version_id, values, search=search)


def answer_of(version_id: str, values: Values, search: bool) -> CaseAnswer | None:
    with reading() as view:
        return recourse.answer(view, recourse.asked(view, version_id, values, search=search).key)


def case_job(version_id: str, values: Values, search: bool) -> queries.Job | None:
    with reading() as view:
        return recourse.job(view, recourse.asked(view, version_id, values, search=search).key)


def logged(version: registry.Version, prediction_id: str) -> Values:
    with reading() as view:
        return recourse.logged(view, store().files, version, prediction_id)


@st.dialog(_("What may change"), width="large")
def edit_limits(version: registry.Version) -> None:
    with reading() as view:
        held = recourse.limits(view, version.use_case_id).limits
        fixed = recourse.never_changed(view, version)
    with refusals():
        told = limits_form(version.signature.features, held, fixed)
        if told is not None:
            with unit_of_work(me) as uow:
                recourse_commands.set_limits(uow, version.id, told)
            st.rerun()


with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
with page_header(_("Explainability")):
    slug = pick_use_case(titles)
    with refusals_end_page(), reading() as view:
        versions = registry.versions(view, registry.use_case(view, slug).id) if slug else ()
    names = {str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(versions)}
    number = pick_version(names)
version = next((v for v in versions if str(v.number) == number), None)
if version is None:
    empty(
        _("No models yet"),
        _("An explanation needs a version that has passed its checks."),
        icon="account_tree",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
    st.stop()

explanation = explanation_of(version.id)
running = follow(
    partial(job_for, queries.job, version.id), title=_("Explaining version {number}", number=version.number)
)
if explanation is None and version.state is not registry.VersionState.READY:
    empty(
        _("This version cannot be explained yet"),
        _("It has not passed its checks."),
        icon="hourglass_top",
    )
    st.stop()
if explanation is None and running:
    st.stop()
if explanation is None:
    empty(
        _("No explanation stored"),
        _("A job computes exact values on the evaluation data, in isolation. A first sample takes seconds."),
        icon="account_tree",
    )
    if may_explain:
        with st.container(horizontal_alignment="center"):
            st.button(
                _("Explain this version"),
                type="primary",
                icon=":material/play_arrow:",
                on_click=ask_for,
                args=[commands.request_explanation, version.id],
            )
    else:
        roles = [
            _(ROLE_NAMES[role]) for role, rights in MATRIX.items() if Permission.RUN_EXPLANATION in rights
        ]
        may_not(_("Your roles do not include starting an explanation."), ", ".join(roles))
    st.stop()

opened(version.id, Part.EXPLANATION)
with reading() as view:
    trial = queries.trial(view, version.id)
trial_banner(trial)
verdict_line(explanation)
values, inputs, scores = stored(explanation.values_digest, explanation)
shown = Shown(explanation, names[str(version.number)], values, inputs, scores)
with reading() as view:
    explained = queries.explained_versions(view, version.use_case_id)
    worked_out = queries.partials(view, explanation)
    months = drift.months(view, explanation)
    behind = bool(drift.stale(view, explanation))
others = {v.id: names[str(v.number)] for v in explained if v.id != version.id}

left, right = st.columns(2, gap="medium")
with left:
    drivers(shown, others, explanation_of)
    one_feature(
        shown,
        OnRequest(
            found=worked_out,
            ask=partial(ask_for, commands.request_partial, version.id),
            job=partial(job_for, queries.partial_job, version.id),
            may_ask=may_explain,
        ),
    )
    if months or behind:
        wanted = OnRequest(
            found=months,
            ask=partial(ask_for, drift_commands.request_months, version.id),
            job=partial(job_for, drift.job, version.id),
            may_ask=may_explain,
        )
        attribution_drift(wanted, unit=unit_name(explanation), behind=behind)
    trial_panel(trial, unit=unit_name(explanation))
with right:
    desk = Desk(
        case=lambda row: queries.case(store().files, explanation, row),
        row=lambda row: recourse.evaluated(store().files, version, row),
        logged=partial(logged, version),
        ask=partial(ask, version.id),
        answer=partial(answer_of, version.id),
        job=partial(case_job, version.id),
        similar=lambda values: recourse.similar(store().files, version, values),
        features=version.signature.features,
        decides=len(version.signature.classes) == 2,
        may_ask=may_explain,
    )
    case_desk(explanation, scores, desk)
    if allowed(me, Permission.DESCRIBE_DATA) and st.button(
        _("Set what may change"), icon=":material/tune:", type="tertiary"
    ):
        edit_limits(version)
talk(
    "version",
    version.id,
    me,
    {f"feature:{one.name}": one.name for one in version.signature.features}
    | {"chart:importance": _("What drives the model"), "chart:quality": _("Quality of the explanation")},
)
