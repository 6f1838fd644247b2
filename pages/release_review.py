"""Release review: the evidence on the left, the decision on the right."""

import streamlit as st

from app.confirming import in_demo
from app.conversations import talk
from app.review_steps import ReviewSteps
from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.conditions import conditions
from app.ui.diff_table import Side, changes, diff_table, model_kind
from app.ui.dossier_button import dossier_button
from app.ui.drivers import drivers
from app.ui.emergency import emergency_button, owed, review_form
from app.ui.empty import empty
from app.ui.fairness import block
from app.ui.findings import Steps, findings, open_button
from app.ui.gates_table import evidence_links, gates_table, summary
from app.ui.lapses import lapses
from app.ui.metric_strip import metric_strip
from app.ui.oversight import before_signing
from app.ui.progress import follow, rerun_when_other
from app.ui.reason_dialog import reason_button
from app.ui.refused import refusals, refusals_end_page
from app.ui.release_activity import happenings
from app.ui.release_banner import banner
from app.ui.release_words import environment_name, state_badge
from app.ui.review_strip import review_figures
from app.ui.rounds import rounds
from app.ui.sign_off import barred, decision_form, seats
from app.ui.text import digest, md
from app.ui.timeline import timeline
from app.wiring import reading, store
from core.assets.intake import queries as intake
from core.decisions.findings import commands as findings_of
from core.decisions.releases import commands, queries
from core.decisions.releases.gates import GATES, GateKind
from core.decisions.releases.release import Release
from core.decisions.releases.review import review
from core.decisions.releases.states import OPEN, ReleaseState
from core.evidence.explain import queries as explain
from core.evidence.fairness import queries as fairness
from core.evidence.kpis import queries as kpis
from core.i18n import _, ago, day
from core.platform.access import queries as access
from core.platform.access.permissions import AREAS, Permission, allowed
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs

SIGN_OFF = "sign-off"

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
    now = store().clock()
    found = review(view, request_id, me, now)
    release, version, champion = found.release, found.release.version, found.champion
    explained = explain.explanation(view, version.id)
    groups = fairness.measured(view, version.id)
    explained_champion = explain.explanation(view, champion.id) if champion else None
    kinds = {v.id: model_kind(intake.card(view, v.id)) for v in (version, champion) if v}
    earlier = intake.earlier_metrics(view, version)
    scores = kpis.scoreboard(
        view, version.use_case_id, versions={version.use_case_id: champion.id if champion else ""}
    )
    here = found.here
    events = audit.events(view, subject_kind="release", subject_id=release.id, limit=40)
    everyone = [p for p in access.people(view) if not p.disabled]
    people = {i for seat in found.seats for i in seat.able} | {s.person_id for s in found.signatures}
    people |= {p.id for p in everyone} | {c.owner_id for c in found.conditions}
    names = access.names(view, people | {e.actor_id for e in events} | {release.requested_by})
others = {p.id: p.name for p in everyone if p.id != me.id}
reviewers = {p.id: p.name for p in everyone if p.id != me.id and {a.value for a in AREAS} & p.roles}


steps = ReviewSteps(found)


def judging() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "release", release.id, "releases.judge")


# -- header -------------------------------------------------------------------
may_now = found.may_sign and bool(found.my_areas or found.lent)
marks = badges.row(
    f"[{badges.badge(_('Your turn'), badges.Tone.WAIT)}](#{SIGN_OFF})" if may_now else "",
    state_badge(release.state),
    badges.tier(release.tier),
    badges.badge(f"→ {environment_name(release.environment)}"),
    badges.badge(_("round {n}", n=release.round)) if release.round > 1 else "",
    badges.badge(_("Escalated"), badges.Tone.WARN, "notification_important")
    if release.escalated_at and release.state in OPEN
    else "",
    badges.badge(_("Emergency"), badges.Tone.BLOCK, "emergency_home") if release.emergency else "",
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
        steps.here(commands.run_checks)
    if asks and sent_back and st.button(_("Open a new round"), icon=":material/restart_alt:"):
        steps.here(commands.resubmit)
    if asks and found.newer_kpis and reviewed and st.button(_("Adopt newer KPIs"), icon=":material/target:"):
        steps.here(commands.resubmit, adopt_kpis=True)
    if decides and release.state in OPEN and me.id != version.author_id:
        hours = found.policy.emergency_review_hours
        emergency_button(
            reviewers, steps.break_glass, hours=hours, signer=current().person.name, demo=in_demo()
        )
    if asks and own and st.button(_("Withdraw"), icon=":material/undo:"):
        steps.here(commands.withdraw)
    if decides and release.state is ReleaseState.LIVE:
        back = _("The version before it goes live again, if its approval still holds.")
        reason_button(_("Roll back"), back, "undo", steps.leave(commands.roll_back))
        gone = _("Nothing is live in this environment afterwards, until a release is approved.")
        reason_button(_("Take out of service"), gone, "inventory_2", steps.leave(commands.retire))

running = release.state in {ReleaseState.SUBMITTED, ReleaseState.IN_REVIEW} and follow(
    judging, title=_("Judging the gates"), stale=release.state is ReleaseState.SUBMITTED
)
banner(found, now)
if found.debt is not None:
    owed(found.debt, names, now)

# -- figures ------------------------------------------------------------------
before = Side(champion, found.champion_evaluation, kinds[champion.id]) if champion else None
after = Side(version, found.evaluation, kinds[version.id])
if found.evaluation is not None:
    held = {g.verdict.kind for g in found.gates if not g.verdict.blocks}
    metric_strip(
        review_figures(
            found.evaluation,
            before,
            earlier,
            scores if champion else (),
            champion.number if champion else 0,
            latency_holds=GateKind.LATENCY in held,
        )
    )

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

    with card(_("Fairness")):
        block(groups, link={"use_case": version.use_case_slug, "version": str(version.number)})

    if before is not None:
        with card(_("Changes since champion"), f":gray[v{before.version.number} → v{version.number}]"):
            diff_table(changes(before, after), before.version, version)

    with card(_("Findings")):
        open_steps = Steps(
            resolve=steps.said(findings_of.resolve, "resolution") if me.id != version.author_id else None,
            waive=steps.waive if decides and me.id != version.author_id else None,
            block=steps.end_waiver if decides else None,
        )
        findings(found.findings, names, now, open_steps)
        if not found.findings:
            st.caption(_("No finding is open on this version."))
        if allowed(me, Permission.OPEN_FINDING):
            open_button(others | {me.id: current().person.name}, now.date(), steps.open_finding)

# -- decision -----------------------------------------------------------------
with decision:
    open_to_me = may_now and not running
    turn = badges.badge(_("Your turn"), badges.Tone.WAIT) if open_to_me else ""
    with card(_("Sign-off"), turn, anchor=SIGN_OFF):
        seats(found.seats, names, me.id)
        if release.state in OPEN:
            st.caption(
                f":material/event: {_('Due {when}', when=day(release.due_at))} · {ago(release.due_at - now)}"
            )
        if open_to_me:
            before_signing(found.opened, version.use_case_slug, version.number)
            signed = decision_form(
                release.id,
                found.my_areas,
                found.lent,
                others | {me.id: current().person.name},
                characters=found.policy.rationale_characters,
                blocked=found.blocked or not found.gates,
                signer=current().person.name,
                demo=in_demo(),
                today=now.date(),
            )
            if signed is not None:
                with refusals():
                    steps.sign(signed)
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
    if found.debt is not None and found.debt.paid_at is None and found.debt.reviewer_id == me.id:
        with card(_("Review of the emergency"), badges.badge(_("Your turn"), badges.Tone.WAIT)):
            review_form(found.debt.id, steps.review_emergency, signer=current().person.name, demo=in_demo())
    if found.conditions:
        with card(_("Conditions")):
            may = decides and me.id != version.author_id
            conditions(
                found.conditions,
                names,
                now,
                meet=steps.said(commands.meet_condition, "note") if may else None,
            )
    if here is not None:
        with card(_("What lapses next"), f":gray[{_('v{number} live', number=here.version.number)}]"):
            checked = here.verified
            lapses(here.standing(now).ahead, checked.last_at if checked and checked.ok else None, now)
    if len(found.rounds) > 1:
        with card(_("Rounds")):
            rounds(found.rounds, names)
    talk(
        "release",
        release.id,
        me,
        {f"gate:{g.verdict.kind.value}": _(GATES[g.verdict.kind].name) for g in found.gates},
    )
    with card(_("Activity")):
        timeline(happenings(events, found.signatures, names, release.note))


def standing() -> Release:
    with reading() as fresh:
        return queries.release(fresh, release.id)


if release.state in OPEN and not running:
    rerun_when_other(standing, release)
