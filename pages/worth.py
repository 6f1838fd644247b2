"""Value: what decisions are worth, where the threshold lies, and whether each release keeps its promise."""

import streamlit as st

from app.confirming import in_demo, ticket
from app.happened import happened
from app.session import current
from app.ui.card import card, page_header
from app.ui.confirm_field import confirm_field
from app.ui.cost_matrix import cost_matrix, cost_matrix_form
from app.ui.empty import empty
from app.ui.picker import pick_use_case, pick_version
from app.ui.progress import follow
from app.ui.promise_chart import promise_chart
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.threshold_chart import point_table, threshold_chart
from app.wiring import reading, unit_of_work
from core.assets.registry import VersionState
from core.assets.registry import queries as registry
from core.evidence.kpis import preview
from core.evidence.kpis.formula import Kind
from core.evidence.worth import commands, queries
from core.evidence.worth.matrix import signing_subject
from core.i18n import _, number
from core.platform.access import queries as access
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed
from core.platform.jobs.queries import Job

me = current()


def job_of(version_id: str) -> Job | None:
    with reading() as view:
        return queries.job(view, version_id)


with refusals_end_page(), reading() as view:
    cases = {one.slug: one for one in registry.use_cases(view) if one.task.value == "binary"}
    people = {one.id: one.name for one in access.people(view)}

with page_header(
    _("Value"), help_text=_("What decisions are worth in money, and whether releases keep their promise.")
):
    slug = pick_use_case({key: one.title for key, one in cases.items()})
if slug is None:
    empty(_("No decision yet"), _("Value is counted for use cases that say yes or no."), icon="payments")
    st.stop()
case = cases[slug]

with refusals_end_page(), reading() as view:
    known = queries.matrices(view, case.id)
    signed = queries.signed_matrix(view, case.id)
    promises = queries.promises(view, case.id)
    months = queries.months(view, [one.request_id for one in promises])
    versions = {
        str(one.number): one for one in registry.versions(view, case.id) if one.state is VersionState.READY
    }
    columns = [one.name for one in preview.columns_for(view, case.id) if one.kind is Kind.NUMBER]

numbers = {one.id: one.number for one in versions.values()}
seen = happened(case.id) if promises else []
for promise in promises:
    title = _("Version {n}: promise and outcome", n=numbers.get(promise.version_id, "–"))
    with card(title, help_text=_("Stored with the approval; never changed.")):
        key = f"promise_{promise.request_id}"
        promise_chart(promise, months.get(promise.request_id, ()), key=key, happened=seen)

with card(_("What decisions are worth")):
    if not known:
        empty(
            _("No cost matrix yet"), _("Write what right and wrong decisions earn or cost."), icon="grid_on"
        )
    if signed is not None:
        cost_matrix(signed, people)
    waiting = known[-1] if known and known[-1] != signed else None
    if waiting is not None:
        cost_matrix(waiting, people)
    if waiting is not None and allowed(me.actor, Permission.SIGN_COSTS):
        given = confirm_field(me.person.name, demo=in_demo(), key=f"matrix_{waiting.id}")
        if st.button(_("Sign the matrix"), type="primary", icon=":material/draw:"):
            with refusals():
                right = ticket(signing_subject(waiting.id), given)
                with unit_of_work(me.actor) as uow:
                    commands.sign_matrix(uow, waiting.id, ticket=right)
                st.rerun()
    elif waiting is not None:
        able = [_(ROLE_NAMES[role]) for role, rights in MATRIX.items() if Permission.SIGN_COSTS in rights]
        may_not(_("The business signs what decisions are worth."), ", ".join(able))
    if allowed(me.actor, Permission.DEFINE_KPI):
        with st.expander(_("Write a new version"), icon=":material/edit:"), refusals():
            draft = cost_matrix_form(known[-1] if known else None, columns, case.currency)
            if draft is not None:
                with unit_of_work(me.actor) as uow:
                    commands.propose_matrix(uow, case.id, draft.cells, money_columns=draft.money_columns)
                st.rerun()

if signed is None or not versions:
    st.stop()
with card(_("Operating threshold")):
    asked = pick_version({key: _("Version {n}", n=key) for key in versions})
    version = versions[asked or max(versions, key=int)]
    with reading() as view:
        frozen = queries.operating_point(view, version.id)
        found = queries.exploration(view, version.id)
    running = follow(lambda: job_of(version.id), title=_("Pricing each threshold"), stale=found is None)
    if found is None:
        if not running:
            empty(_("Thresholds are not priced yet"), _("The worker prices each of them."), icon="tune")
            with refusals():
                if st.button(_("Price the thresholds"), icon=":material/play_arrow:"):
                    with unit_of_work(me.actor) as uow:
                        commands.request_exploration(uow, version.id)
                    st.rerun()
        st.stop()
    usual = frozen.threshold if frozen else found.explored.best.threshold
    chosen = (
        usual if frozen else st.slider(_("Threshold"), 0.01, 0.99, usual, 0.01, key=f"threshold_{version.id}")
    )
    looked_at = frozen.validation if frozen else found.explored.point(chosen)
    threshold_chart(found.explored, found.matrix, looked_at)
    st.caption(_("On the validation part: half of the evaluation rows, drawn once."))
    st.table(point_table(looked_at, found.matrix.currency))
    if frozen is not None:
        st.caption(_("On the untouched part, once the threshold was frozen:"))
        st.table(point_table(frozen.judged, found.matrix.currency))
        who = people.get(frozen.chosen_by, frozen.chosen_by)
        st.caption(_("Frozen at {threshold} by {who}.", threshold=number(frozen.threshold, 2), who=who))
    elif allowed(me.actor, Permission.SIGN_COSTS):
        rows = st.number_input(
            _("Decisions in a month"), min_value=1, value=max(found.monthly_rows, 1), step=1
        )
        st.caption(_("Freezing looks at the untouched rows: it happens once, and the promise is made of it."))
        if st.button(_("Freeze this threshold"), type="primary", icon=":material/lock:"):
            with refusals():
                with unit_of_work(me.actor) as uow:
                    commands.request_freeze(uow, version.id, float(chosen), int(rows))
                st.rerun()
    if version.operating_threshold is not None and abs(version.operating_threshold - chosen) > 0.005:
        st.warning(
            _("This version decides at {now}: send it again with {wanted} before you request its release.",
              now=number(version.operating_threshold, 2), wanted=number(chosen, 2)), icon=":material/sync_problem:",
        )  # fmt: skip
