"""Shadow runs: a challenger answers what the champion is asked; agreement, disagreements, expected value over time."""

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.list_row import list_row
from app.ui.picker import pick, pick_use_case
from app.ui.progress import follow
from app.ui.refused import refusals
from app.ui.shadow import agreement_chart, disagreements_table, summary, worth_chart
from app.ui.text import md
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.shadow import commands, queries
from core.evidence.worth import queries as worth
from core.i18n import _, day, month
from core.platform.access.permissions import Permission, allowed

me = current().actor
may_run = allowed(me, Permission.RUN_CHECKS)


@st.dialog(_("Start a shadow run"))
def start_one(versions: dict[str, str]) -> None:
    st.markdown(
        _(
            "The version answers what the live one was asked, in isolation. Nobody acts on its answers, none is sent."
        )
    )
    chosen = st.selectbox(_("Challenger"), list(versions), format_func=lambda key: versions[key])
    with refusals():
        if st.button(_("Start"), type="primary", icon=":material/play_arrow:"):
            with unit_of_work(me) as uow:
                made = commands.start(uow, chosen)
            st.query_params["shadow"] = made
            st.rerun()


def job_now() -> queries.Job | None:
    with reading() as view:
        return queries.job(view, shown.id)


with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
with page_header(_("Shadow runs")):
    slug = pick_use_case(titles)
    if slug:
        with reading() as view:
            case = registry.use_case(view, slug)
            runs = queries.shadows(view, case.id)
            possible = {v.id: f"v{v.number} · {v.model_name}" for v in queries.candidates(view, case.id)}
        if may_run and possible and st.button(_("Start a shadow run"), icon=":material/visibility:"):
            start_one(possible)
if not slug:
    empty(_("No use case yet"), icon="visibility", action=_("Upload a model"), page="../pages/upload.py")
    st.stop()
if not runs:
    empty(
        _("Nothing runs in the shadow"),
        _("A challenger answers what the live version is asked; a retraining starts one by itself."),
        icon="visibility",
    )
    st.stop()

asked = st.query_params.get("shadow", "")
shown = next((one for one in runs if one.id == asked), runs[0])
with reading() as view:
    champion, challenger = registry.version(view, shown.champion), registry.version(view, shown.challenger)
    months = queries.months(view, shown.id)
    matrix = worth.signed_matrix(view, case.id)
    behind = shown.ended_at is None and bool(queries.stale(view, shown))
currency = matrix.currency if matrix is not None else ""
until = (
    _("since {day}", day=day(shown.started_at))
    if shown.ended_at is None
    else _("{day} to {end}", day=day(shown.started_at), end=day(shown.ended_at))
)
with st.container(horizontal=True, vertical_alignment="center"), refusals():
    st.markdown(
        md(
            _(
                "v{challenger} beside v{champion}, {when}",
                challenger=challenger.number,
                champion=champion.number,
                when=until,
            )
        )
    )
    if may_run and shown.ended_at is None:
        if behind and st.button(_("Score new rows"), icon=":material/play_arrow:"):
            with unit_of_work(me) as uow:
                commands.request(uow, shown.id)
            st.rerun()
        if st.button(_("End it"), icon=":material/stop:"):
            with unit_of_work(me) as uow:
                commands.end(uow, shown.id)
            st.rerun()
follow(job_now, title=_("Shadow run"), stale=not months)
if not months:
    empty(
        _("Nothing is scored yet"),
        _("It begins with the first rows that the champion logs."),
        icon="hourglass_top",
    )
else:
    summary(months, currency)
    left, right = st.columns(2, gap="medium")
    with left:
        agreement_chart(months)
    with right:
        worth_chart(months, currency)
    if may_run:
        with card(_("Where they differ")):
            chosen = pick(
                _("Month"),
                {one.start.isoformat(): month(one.start) for one in months},
                param="month",
                newest_first=True,
            )
            of_month = next(one for one in months if one.start.isoformat() == chosen)
            disagreements_table(queries.disagreements(store(), shown, of_month))
if len(runs) > 1:
    with card(_("All shadow runs")), reading() as view:
        for one in runs:
            number = registry.version(view, one.challenger).number
            list_row(
                "../pages/shadow.py",
                f"v{number}",
                icon="visibility",
                query={"use_case": case.slug, "shadow": one.id},
                detail=md(day(one.started_at)),
            )
