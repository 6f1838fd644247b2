"""KPIs: does each model answer its questions well enough, who owns them, and how it went."""

import streamlit as st

from app.conversations import talk
from app.happened import happened
from app.kpi_sharing import kpi_sharing
from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.kpi_detail import kpi_detail
from app.ui.kpi_form import kpi_form
from app.ui.kpi_history import kpi_history
from app.ui.kpi_proposals import kpi_proposals
from app.ui.kpi_tile import kpi_tile
from app.ui.kpi_value import bands, status_badge
from app.ui.picker import pick
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.text import md
from app.wiring import reading, store, unit_of_work
from core.assets.registry import UseCase
from core.assets.registry import queries as registry
from core.evidence.kpis import commands, following, queries
from core.evidence.kpis import preview as previews
from core.evidence.kpis.definition import URGENCY, Definition, Status, metrics_for
from core.evidence.kpis.pooled import compared
from core.evidence.kpis.queries import Score
from core.i18n import _, moment
from core.platform.access import queries as access
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed

ALL = "all"
NEW = "new"
SHARE = "share"
me = current().actor

with refusals_end_page(), reading() as view:
    cases = {one.slug: one for one in registry.use_cases(view)}
    people = {one.id: one.name for one in access.people(view) if not one.disabled}
by_id = {one.id: one for one in cases.values()}


def close() -> None:
    """Forget which dialog was open: the address holds it."""
    st.query_params.pop("kpi", None)


def _form(key: str, case: UseCase, held: Definition | None = None) -> Definition | None:
    """Draw the form over what the use case's log holds."""
    with reading() as view:
        columns = previews.columns_for(view, case.id)
        others = {
            one.id: one.definition.name for one in queries.kpis(view, case.id) if one.definition != held
        }
    return kpi_form(
        key, metrics=metrics_for(case.task), columns=columns, currency=case.currency, owners=people, counters=others,
        me=me.id, preview=lambda asked: previews.preview(store(), case.id, asked), held=held,
    )  # fmt: skip


@st.dialog(_("Define a KPI"), width="large", on_dismiss=close)
def define() -> None:
    """Ask for a definition and propose it."""
    slug = st.selectbox(
        _("Use case"),
        list(cases),
        format_func=lambda s: cases[s].title,
        key="define_case",
        index=list(cases).index(shown) if shown in cases else 0,
    )
    with refusals():
        wanted = _form("define", cases[slug])
        if wanted is not None:
            with unit_of_work(me) as uow:
                commands.define_kpi(uow, cases[slug].id, wanted)
            close()
            st.rerun()


def _follow(kpi_id: str) -> None:
    """Offer to be told when the KPI breaks, as its owner is."""
    told = kpi_id in followed
    if st.button(
        _("Follow no more") if told else _("Follow"),
        icon=":material/notifications_off:" if told else ":material/notifications_active:",
        help=_("When it is beyond a limit, it waits for you on the overview as it does for its owner."),
        width="stretch",
    ):
        with refusals():
            with unit_of_work(me) as uow:
                (following.unfollow if told else following.follow)(uow, kpi_id)
            st.rerun()


@st.dialog(_("Share"), width="large", on_dismiss=close)
def share() -> None:
    """The week on paper, and links for people without an account."""
    kpi_sharing(me, {one.id: one.title for one in cases.values()}, cases[shown].id if shown in cases else "")


@st.dialog(_("History"), width="large", on_dismiss=close)
def history(score: Score) -> None:
    """Show how a KPI went, its revisions, and the ways to change it."""
    held = score.kpi.definition
    said, ask = st.columns([4, 1], vertical_alignment="center")
    said.markdown(f"**{md(held.name)}** {status_badge(score.status)}  \n{md(held.question)}")
    with ask:
        _follow(score.kpi.id)
    with reading() as fresh:
        courses = queries.observations(fresh, [score.kpi.revision_id])
        numbers = {one.id: one.number for one in registry.versions(fresh, score.kpi.use_case_id)}
        revisions = queries.revisions(fresh, score.kpi.id)
        together = queries.pooled(fresh, score.kpi.revision_id, score.version_id)
        parts = queries.observations(fresh, [score.kpi.revision_id], score.version_id, segment=None)
        shown = score.latest
        before = queries.traces(fresh, score.kpi.revision_id, score.version_id, shown.place) if shown else ()
    rivals = {
        f"v{numbers.get(one, '?')}": course for one, course in courses.items() if one != score.version_id
    }
    compare = st.pills(_("Compare with"), sorted(rivals), selection_mode="multi") if rivals else []
    kpi_history(
        held,
        score.history,
        key="kpi_history",
        happened=happened(score.kpi.use_case_id),
        others={name: rivals[name] for name in compare},
    )
    kpi_detail(held, score, compared(together, score.history), parts.get(score.version_id, ()), before)
    for one in reversed(revisions):
        who = people.get(one.author_id, one.author_id)
        st.caption(
            _("Revision {n}, {when}, {who}: ", n=one.number, when=moment(one.created_at), who=md(who))
            + bands(one.definition)
        )
    if not allowed(me, Permission.DEFINE_KPI):
        return
    with st.expander(_("Revise"), icon=":material/edit:"), refusals():
        wanted = _form("revise", by_id[score.kpi.use_case_id], held)
        if wanted is not None:
            with unit_of_work(me) as uow:
                commands.revise_kpi(uow, score.kpi.id, wanted)
            close()
            st.rerun()
    if st.button(
        _("Retire"), icon=":material/inventory_2:", help=_("It leaves the scoreboard; its history stays.")
    ):
        with refusals():
            with unit_of_work(me) as uow:
                commands.retire_kpi(uow, score.kpi.id)
            close()
            st.rerun()


with page_header(_("KPIs")):
    titles = {ALL: _("All use cases")} | {slug: one.title for slug, one in cases.items()}
    shown = pick(_("Use case"), titles, param="use_case") or ALL
    may = allowed(me, Permission.DEFINE_KPI)
    if st.button(_("Share"), icon=":material/share:", disabled=not cases):
        st.query_params["kpi"] = SHARE
    if st.button(_("Define a KPI"), type="primary", icon=":material/add:", disabled=not (may and cases)):
        st.query_params["kpi"] = NEW

if not may:
    able = [_(ROLE_NAMES[role]) for role, rights in MATRIX.items() if Permission.DEFINE_KPI in rights]
    may_not(_("Your roles do not include defining KPIs."), ", ".join(able))

with refusals_end_page(), reading() as view:
    scores = queries.scoreboard(view, cases[shown].id if shown in cases else None)
    followed = following.followed(view, me.id)

with refusals_end_page(), reading() as view:
    waiting = queries.proposals(view, cases[shown].id if shown in cases else None)
    decidable = {one.revision_id for one in waiting if queries.may_approve(view, me, one)}
answered = (
    kpi_proposals(waiting, people, me.id, lambda one: one.revision_id in decidable) if waiting else None
)
if answered is not None:
    with refusals():
        with unit_of_work(me) as uow:
            if answered[1]:
                commands.approve_kpi(uow, answered[0].revision_id)
            else:
                commands.decline_kpi(uow, answered[0].revision_id)
        st.rerun()

asked = st.query_params.get("kpi")
if asked == NEW and may and cases:
    define()
if asked == SHARE and cases:
    share()

if not scores:
    text = _("A KPI asks one question of a model, has an owner and says what is good enough.")
    empty(_("No KPIs yet"), text, icon="target")
    st.stop()

counts = {status: sum(one.status == status for one in scores) for status in Status}
st.markdown(" ".join(f"{status_badge(s)} {n}" for s, n in counts.items() if n))
for use_case_id in dict.fromkeys(one.kpi.use_case_id for one in scores):
    mine = [one for one in scores if one.kpi.use_case_id == use_case_id]
    worst = sorted(mine, key=lambda one: URGENCY.index(one.status))
    with card(md(by_id[use_case_id].title)), st.grid(4, gap="small", min_column_width=210):
        for score in worst:
            owner = people.get(score.kpi.definition.owner_id, "–")
            if kpi_tile(score, owner, followed=score.kpi.id in followed):
                st.query_params["kpi"] = score.kpi.id

opened = next((one for one in scores if one.kpi.id == st.query_params.get("kpi")), None)
if opened is not None:
    history(opened)
    talk("kpi", opened.kpi.id, me)
