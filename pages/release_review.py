"""Release review: the evidence on the left, the decision on the right."""

from collections.abc import Callable
from datetime import date
from functools import partial

import streamlit as st

from app.confirming import in_demo, ticket
from app.conversations import talk
from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.conditions import conditions
from app.ui.confirm_field import Confirmation
from app.ui.days import end_of
from app.ui.diff_table import Side, changes, diff_table, figures, model_kind
from app.ui.dossier_button import dossier_button
from app.ui.drivers import drivers
from app.ui.emergency import emergency_button, owed, review_form
from app.ui.empty import empty
from app.ui.findings import Opened, Steps, findings, open_button
from app.ui.gates_table import evidence_links, gates_table, summary
from app.ui.lapses import lapses
from app.ui.metric_strip import metric_strip
from app.ui.progress import follow
from app.ui.reason_dialog import reason_button
from app.ui.refused import refusals, refusals_end_page
from app.ui.release_activity import happenings
from app.ui.release_banner import banner
from app.ui.release_words import environment_name, state_badge
from app.ui.rounds import rounds
from app.ui.sign_off import Decision, barred, decision_form, seats
from app.ui.text import digest, md
from app.ui.timeline import timeline
from app.wiring import reading, store, unit_of_work
from core.assets.intake import queries as intake
from core.decisions.findings import commands as findings_of
from core.decisions.releases import commands, facts
from core.decisions.releases.emergencies import emergency_subject
from core.decisions.releases.promises import Promise
from core.decisions.releases.review import review
from core.decisions.releases.snapshot import digest as digest_of
from core.decisions.releases.snapshot import subject
from core.decisions.releases.states import OPEN, ReleaseState
from core.evidence.explain import queries as explain
from core.i18n import _, ago, day
from core.platform.access import queries as access
from core.platform.access.permissions import AREAS, Permission, allowed
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
    now = store().clock()
    found = review(view, request_id, me, now)
    release, version, champion = found.release, found.release.version, found.champion
    explained = explain.explanation(view, version.id)
    explained_champion = explain.explanation(view, champion.id) if champion else None
    kinds = {v.id: model_kind(intake.card(view, v.id)) for v in (version, champion) if v}
    events = audit.events(view, subject_kind="release", subject_id=release.id, limit=40)
    everyone = [p for p in access.people(view) if not p.disabled]
    people = {i for seat in found.seats for i in seat.able} | {s.person_id for s in found.signatures}
    people |= {p.id for p in everyone} | {c.owner_id for c in found.conditions}
    names = access.names(view, people | {e.actor_id for e in events} | {release.requested_by})
others = {p.id: p.name for p in everyone if p.id != me.id}
reviewers = {p.id: p.name for p in everyone if p.id != me.id and {a.value for a in AREAS} & p.roles}


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


def sign(signed: Decision) -> None:
    """Confirm who signs, then sign: the ticket is bound to what the reader saw."""
    secret = ticket(subject(release.id, found.snapshot_digest), signed.confirmation)
    asked = [Promise(c.text, c.owner_id, end_of(c.due, current().zone)) for c in signed.conditions]
    with unit_of_work(me) as uow:
        commands.sign(
            uow,
            release.id,
            area=signed.area,
            meaning=signed.meaning,
            rationale=signed.rationale,
            snapshot_digest=found.snapshot_digest,
            ticket=secret,
            conditions=asked,
            on_behalf_of=signed.on_behalf_of,
        )
    st.rerun()


def break_glass(reason: str, reviewer: str, given: Confirmation) -> None:
    with reading() as fresh:
        seen = digest_of(facts.snapshot(fresh, version, release.environment))
    secret = ticket(emergency_subject(version.id, release.environment, seen), given)
    with unit_of_work(me) as uow:
        commands.break_glass(
            uow,
            version_id=version.id,
            environment=release.environment,
            reason=reason,
            reviewer_id=reviewer,
            ticket=secret,
        )
    st.rerun()


def pay(upheld: bool, finding: str, given: Confirmation) -> None:
    if found.debt is None:
        return
    secret = ticket(subject(found.debt.id, found.snapshot_digest), given)
    with unit_of_work(me) as uow:
        commands.review_emergency(uow, found.debt.id, upheld=upheld, finding=finding, ticket=secret)
    st.rerun()


def do(command: Callable[..., object], *args: object, **words: object) -> None:
    """Run a command from a dialog, which shows the refusal itself."""
    with unit_of_work(me) as uow:
        command(uow, *args, **words)
    st.rerun()


def open_finding(given: Opened) -> None:
    do(
        findings_of.open_finding,
        version_id=version.id,
        title=given.title,
        text=given.text,
        severity=given.severity,
        owner_id=given.owner_id,
        due_at=end_of(given.due, current().zone),
    )


def partial_do(command: Callable[..., object], word: str) -> Callable[[str, str], None]:
    """A step of a dialog that takes a subject's id and what was said."""
    return lambda subject_id, said: do(command, subject_id, **{word: said})


def waive(finding_id: str, reason: str, until: date) -> None:
    do(findings_of.waive, finding_id, reason=reason, expires_at=end_of(until, current().zone))


def judging() -> jobs.Job | None:
    with reading() as fresh:
        return jobs.latest(fresh, "release", release.id, "releases.judge")


# -- header -------------------------------------------------------------------
marks = badges.row(
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
        act(lambda uow: commands.run_checks(uow, release.id))
    if asks and sent_back and st.button(_("Open a new round"), icon=":material/restart_alt:"):
        act(lambda uow: commands.resubmit(uow, release.id))
    if asks and found.newer_kpis and reviewed and st.button(_("Adopt newer KPIs"), icon=":material/target:"):
        act(lambda uow: commands.resubmit(uow, release.id, adopt_kpis=True))
    if decides and release.state in OPEN and me.id != version.author_id:
        hours = found.policy.emergency_review_hours
        emergency_button(reviewers, break_glass, hours=hours, signer=current().person.name, demo=in_demo())
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
banner(found, now)
if found.debt is not None:
    owed(found.debt, names, now)

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

    with card(_("Findings")):
        open_steps = Steps(
            resolve=partial_do(findings_of.resolve, "resolution") if me.id != version.author_id else None,
            waive=waive if decides and me.id != version.author_id else None,
            block=partial(do, findings_of.revoke_waiver) if decides else None,
        )
        findings(found.findings, names, now, open_steps)
        if not found.findings:
            st.caption(_("No finding is open on this version."))
        if allowed(me, Permission.OPEN_FINDING):
            open_button(others | {me.id: current().person.name}, now.date(), open_finding)

    if before is not None:
        with card(_("Changes since champion"), f":gray[v{before.version.number} → v{version.number}]"):
            diff_table(changes(before, after), before.version, version)

# -- decision -----------------------------------------------------------------
with decision:
    open_to_me = found.may_sign and bool(found.my_areas or found.lent) and not running
    turn = badges.badge(_("Your turn"), badges.Tone.WAIT) if open_to_me else ""
    with card(_("Sign-off"), turn):
        seats(found.seats, names, me.id)
        if release.state in OPEN:
            st.caption(
                f":material/event: {_('Due {when}', when=day(release.due_at))} · {ago(release.due_at - now)}"
            )
        if open_to_me:
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
                    sign(signed)
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
            review_form(found.debt.id, pay, signer=current().person.name, demo=in_demo())
    if found.conditions:
        with card(_("Conditions")):
            may = decides and me.id != version.author_id
            conditions(
                found.conditions,
                names,
                now,
                meet=partial_do(commands.meet_condition, "note") if may else None,
            )
    if found.live is not None:
        with card(_("What lapses next")):
            checked = found.live.verified
            lapses(found.live.standing(now).ahead, checked.last_at if checked and checked.ok else None, now)
    if len(found.rounds) > 1:
        with card(_("Rounds")):
            rounds(found.rounds, names)
    talk("release", release.id, me)
    with card(_("Activity")):
        timeline(happenings(events, found.signatures, names, release.note))
