"""Retraining: why it is proposed, what waiting costs, what data there is, who consents, and what the challenger shows."""

import streamlit as st

from app.conversations import talk
from app.session import current
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.list_row import list_row
from app.ui.picker import pick_use_case
from app.ui.progress import follow, rerun_when_other
from app.ui.refused import may_not, refusals_end_page
from app.ui.retraining import against_champion, consent, data_there, state_badge, why_now
from app.ui.retraining_form import policy_button, propose_button
from app.ui.text import code, md
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.retraining import commands, queries
from core.decisions.retraining.policy import TRIGGER_NAMES, Policy
from core.decisions.retraining.request import Recipe, Retraining, State, seat
from core.errors import restore
from core.i18n import _, day
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

me = current().actor
decides = allowed(me, Permission.DECIDE_RETRAINING)


def set_policy(policy: Policy) -> None:
    with unit_of_work(me) as uow:
        commands.set_policy(uow, case.id, policy)
    st.rerun()


def propose(recipe: Recipe) -> None:
    with unit_of_work(me) as uow:
        made = commands.propose(uow, case.id, recipe=recipe)
    st.query_params["retraining"] = made
    st.rerun()


def answer(consents: bool, reason: str) -> None:
    with unit_of_work(me) as uow:
        commands.answer(uow, shown.id, consents=consents, reason=reason)
    st.rerun()


def standing() -> tuple[State, int]:
    with reading() as view:
        found = queries.retraining(view, shown.id)
    return found.state, len(found.votes)


def job_now() -> queries.Job | None:
    with reading() as view:
        return queries.job(view, shown.id)


with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
with page_header(_("Retraining")):
    slug = pick_use_case(titles)
    if slug:
        with reading() as view:
            case = registry.use_case(view, slug)
            in_force = queries.policy(view, case.id)
            requests = queries.retrainings(view, case.id)
            live = queries.champion(view, case.id)
        if decides:
            policy_button(in_force.policy, set_policy)
        if live and not any(one.open for one in requests) and allowed(me, Permission.PROPOSE_RETRAINING):
            propose_button(propose)
if not slug:
    empty(_("No use case yet"), icon="model_training", action=_("Upload a model"), page="../pages/upload.py")
    st.stop()
if live is None and not requests:
    empty(
        _("Nothing is live"),
        _("A retraining starts from the version that is live in production."),
        icon="model_training",
        action=_("Releases"),
        page="../pages/releases.py",
    )
    st.stop()

asked = st.query_params.get("retraining", "")
shown: Retraining | None = next(
    (one for one in requests if one.id == asked), requests[0] if requests else None
)
if shown is None:
    with reading() as view:
        data = queries.data(view, live)
    data_there(data, None)
    empty(
        _("No retraining is proposed"),
        _("The policy proposes one when a trigger fires; anybody of the team may, too."),
        icon="model_training",
    )
    st.stop()

with refusals_end_page(), reading() as view:
    champion = registry.version(view, shown.champion)
    challenger = registry.version(view, shown.challenger) if shown.challenger else None
    data = queries.data(view, shown.champion)
    waiting = queries.cost_of_waiting(view, case.id, shown.champion)
    names = access.names(view, {vote.person_id for vote in shown.votes} | {shown.proposed_by})
st.markdown(
    f"{state_badge(shown.state)} "
    + md(
        _(
            "of v{number}, proposed {day} by {who}",
            number=champion.number,
            day=day(shown.proposed_at),
            who=names.get(shown.proposed_by, _("the policy")),
        )
    )
)
if shown.state in {State.RUNNING, State.CHECKING}:
    follow(job_now, title=_("Retraining"), stale=True)
if shown.open:
    rerun_when_other(standing, (shown.state, len(shown.votes)))
if shown.state is State.FAILED and shown.problem:
    problem = restore(shown.problem)
    st.error(f"{md(problem.text())}  \n{md(problem.fix_text())}", icon=":material/error:")
if shown.state is State.OUTSIDE:
    path = code(f"POST /api/v1/retraining/{shown.id}/challenger")
    st.info(
        _("Your pipeline was told by webhook. It uploads a version and names it at {path}.", path=path),
        icon=":material/cloud_sync:",
    )

left, right = st.columns(2, gap="medium")
with left:
    why_now(shown, waiting)
    area = (
        seat(shown.areas, shown.votes, me.roles, me.id) if decides and shown.state is State.PROPOSED else None
    )
    consent(shown, names, area, answer)
    if not decides:
        may_not(_("Data science, operations, business and compliance decide on a retraining."))
    talk("retraining", shown.id, me)
with right:
    data_there(data, shown)
    if challenger is not None and shown.result is not None:
        against_champion(shown.result, champion=f"v{champion.number}", challenger=f"v{challenger.number}")
    if challenger is not None:
        with card(_("The challenger")):
            list_row(
                "../pages/model.py",
                f"v{challenger.number} · {md(challenger.model_name)}",
                icon="deployed_code",
                query={"use_case": case.slug, "version": str(challenger.number)},
                detail=_("Its evaluation, explanation, fairness and checks"),
            )
            if shown.state is State.DONE:
                list_row(
                    "../pages/shadow.py",
                    _("See it run in the champion's shadow"),
                    icon="visibility",
                    query={"use_case": case.slug},
                    detail=_("It answers what the champion is asked; nobody acts on its answers"),
                )
                list_row(
                    "../pages/releases.py",
                    _("Request its release"),
                    icon="approval",
                    query={"use_case": case.slug, "version": str(challenger.number)},
                    detail=_("The same gates, the same signatures: nothing goes live by itself"),
                )
if len(requests) > 1:
    with card(_("All retrainings")):
        for one in requests:
            list_row(
                "../pages/retraining.py",
                md(day(one.proposed_at)),
                icon="model_training",
                query={"use_case": case.slug, "retraining": one.id},
                detail=md(", ".join(_(TRIGGER_NAMES[trigger.kind]) for trigger in one.triggers)),
                marks=state_badge(one.state),
            )
