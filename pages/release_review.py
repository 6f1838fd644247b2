"""Release review: the evidence on the left, the decision on the right."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import streamlit as st

from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.diff_table import Side, changes, diff_table, figures, model_kind
from app.ui.dossier_button import dossier_button
from app.ui.drivers import drivers
from app.ui.empty import empty
from app.ui.gates_table import evidence_links, gates_table, summary
from app.ui.metric_strip import metric_strip
from app.ui.progress import follow
from app.ui.reason_dialog import reason_button
from app.ui.refused import refusals, refusals_end_page
from app.ui.release_activity import happenings
from app.ui.release_banner import banner
from app.ui.release_words import environment_name, state_badge
from app.ui.sign_off import barred, decision_form, seats
from app.ui.text import digest, md
from app.ui.timeline import timeline
from app.wiring import reading, store, unit_of_work
from core.assets.intake import queries as intake
from core.decisions.releases import commands
from core.decisions.releases.review import review
from core.decisions.releases.states import OPEN, ReleaseState
from core.evidence.explain import queries as explain
from core.i18n import _, ago, day
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs

me = current().actor
request_id = st.query_params.get("release", "")
if not request_id:
    empty(
        _("No release is chosen"),
        _("Open one from the list of releases."),
        icon="approval",
        action=_("Releases"),
        page="../pages/releases.py",
    )
    st.stop()

with refusals_end_page(), reading() as view:
    found = review(view, request_id, me)
    release, version, champion = found.release, found.release.version, found.champion
    explained = explain.explanation(view, version.id)
    explained_champion = explain.explanation(view, champion.id) if champion else None
    kinds = {v.id: model_kind(intake.card(view, v.id)) for v in (version, champion) if v}
    events = audit.events(view, subject_kind="release", subject_id=release.id, limit=40)
    people = {i for seat in found.seats for i in seat.able} | {s.person_id for s in found.signatures}
    names = access.names(view, people | {e.actor_id for e in events} | {release.requested_by})


def act(command: Callable[..., object]) -> None:
    """Run a command in the reader's name and draw the page anew; a refusal is shown in place."""
    with refusals():
        with unit_of_work(me) as uow:
            command(uow)
        st.rerun()


def leave(command: Callable[..., object], reason: str) -> None:
    """Take what is live out, by roll-back or for good."""
    with unit_of_work(me) as uow:
        command(uow, slug=version.use_case_slug, environment=release.environment, reason=reason)
    st.rerun()


def judging() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "release", release.id, "releases.judge")


# -- header -------------------------------------------------------------------
marks = badges.row(
    state_badge(release.state),
    badges.tier(release.tier),
    badges.badge(f"→ {environment_name(release.environment)}"),
    badges.badge(_("round {n}", n=release.round)) if release.round > 1 else "",
    badges.badge(f"sha256 {version.artifact_digest[:4]}…{version.artifact_digest[-4:]}", icon="lock"),
)
with page_header(
    f"{md(release.title)}  :gray[v{version.number}]",
    badges=marks,
    trail=f"{_('Releases')}  ›  {md(version.use_case_slug)}",
):
    asks, decides = allowed(me, Permission.REQUEST_RELEASE), allowed(me, Permission.DECIDE_RELEASE)
    reviewed = release.state is ReleaseState.IN_REVIEW and not found.void
    sent_back = release.state is ReleaseState.CHANGES_REQUESTED or bool(found.void)
    own = release.state in OPEN and me.id in {release.requested_by, version.author_id}
    if reviewed and (asks or decides) and st.button(_("Run checks"), icon=":material/rule:"):
        act(lambda uow: commands.run_checks(uow, release.id))
    if asks and sent_back and st.button(_("Open a new round"), icon=":material/restart_alt:"):
        act(lambda uow: commands.resubmit(uow, release.id))
    if asks and own and st.button(_("Withdraw"), icon=":material/undo:"):
        act(lambda uow: commands.withdraw(uow, release.id))
    if decides and release.state is ReleaseState.LIVE:
        back = _("The version before it goes live again, if its approval still holds.")
        reason_button(_("Roll back"), back, "undo", partial(leave, commands.roll_back))
        gone = _("Nothing is live in this environment afterwards, until a release is approved.")
        reason_button(_("Take out of service"), gone, "inventory_2", partial(leave, commands.retire))

running = release.state in {ReleaseState.SUBMITTED, ReleaseState.IN_REVIEW} and follow(
    judging, title=_("Judging the gates"), stale=release.state is ReleaseState.SUBMITTED
)
banner(found, store().clock())

# -- figures ------------------------------------------------------------------
before = Side(champion, found.champion_evaluation, kinds[champion.id]) if champion else None
after = Side(version, found.evaluation, kinds[version.id])
if found.evaluation is not None:
    metric_strip(figures(found.evaluation, before))

evidence, decision = st.columns([2.15, 1], gap="medium")

# -- evidence -----------------------------------------------------------------
with evidence:
    with card(_("Release gates"), summary(found.gates, f"{found.policy.name} {found.policy.version}")):
        if found.gates:
            gates_table(found.gates, evidence_links(found))
        else:
            st.caption(_("The gates have not been judged yet."))

    with card(_("What drives the decision")):
        drivers(version, explained, champion, explained_champion)

    if before is not None:
        with card(_("Changes since champion"), f":gray[v{before.version.number} → v{version.number}]"):
            diff_table(changes(before, after), before.version, version)

# -- decision -----------------------------------------------------------------
with decision:
    open_to_me = found.may_sign and bool(found.my_areas) and not running
    turn = badges.badge(_("Your turn"), badges.Tone.WAIT) if open_to_me else ""
    with card(_("Sign-off"), turn):
        seats(found.seats, names, me.id)
        if release.state in OPEN:
            st.caption(
                f":material/event: {_('Due {when}', when=day(release.due_at))} · {ago(release.due_at - store().clock())}"
            )
        if open_to_me:
            signed = decision_form(
                release.id,
                found.my_areas,
                characters=found.policy.rationale_characters,
                blocked=found.blocked or not found.gates,
            )
            if signed is not None:
                seen = found.snapshot_digest
                act(lambda uow: commands.sign(uow, release.id, **asdict(signed), snapshot_digest=seen))
            st.caption(
                ":material/lock: "
                + _(
                    "Sealed in the audit log with time, meaning and what you saw: {digest}",
                    digest=digest(found.snapshot_digest),
                )
            )
        elif release.state in OPEN and found.bars:
            barred(found.bars)
        if release.state not in OPEN:
            dossier_button(release.id)
    with card(_("Activity")):
        timeline(happenings(events, found.signatures, names, release.note))
