"""What keeps an approval alive, what takes it, and what the sweep writes down."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.decisions.releases import effective, pledges, queries, work
from core.decisions.releases.promises import Promise
from core.decisions.releases.standing import FactKind, Worth
from core.decisions.releases.states import ReleaseState
from core.errors import Conflict, Invalid, Refused, Unauthenticated
from core.evidence.alerts.tables import AlertRow
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import SAID


def go_live(b, author="ana", **kwargs):
    version = b.version(b.people[author], **kwargs)
    request = b.request(b.people[author], version)
    b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE
    return version, request


def actions(b, request):
    return [e.action for e in reversed(b.ask(audit.events, subject_kind="release", subject_id=request))]


def sweep(b, times=1):
    for _ in range(times):
        b.hands.forward(seconds=1)
        work.sweep(b.store)


def publish(b, **changed):
    """Publish the next version of the policy of limited production with other entries."""
    from importlib.resources import files

    text = files("data").joinpath("policies", "limited-production.toml").read_text()
    text = text.replace('version = "2026.1"', 'version = "2026.9"')
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    b.hands.forward(seconds=1)
    return b.do(b.people["cora"], releases.publish_policy, text)


def drifts(b, version):
    with b.store.unit_of_work(SYSTEM) as uow:
        uow.session.add(
            AlertRow(
                id="alr_1", version_id=version, rule="psi", rule_kind="psi", rule_version="1", subject="income",
                grain="month", first_start=date(2026, 11, 1), last_start=date(2026, 11, 1),
                last_end=date(2026, 12, 1), worst=0.4, limit=0.25, template="x", reason={}, raised_at=uow.now,
            )
        )  # fmt: skip
        uow.record("alert.raised", "alert", "alr_1")


def test_an_overdue_condition_suspends_until_somebody_confirms_it(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    promise = Promise(
        "Send the fairness report to the committee", "per_otto", b.hands.now + timedelta(days=9)
    )
    b.sign(b.people["otto"], request)
    with pytest.raises(Invalid, match="at least one"):
        b.sign(b.people["carl"], request, meaning="approve_with_conditions")
    with pytest.raises(Invalid):
        b.sign(b.people["carl"], request, conditions=[promise])
    late = Promise(promise.text, promise.owner_id, b.hands.now + timedelta(days=999))
    with pytest.raises(Invalid, match="within"):
        b.sign(b.people["carl"], request, meaning="approve_with_conditions", conditions=[late])
    done = b.sign(b.people["carl"], request, meaning="approve_with_conditions", conditions=[promise])
    assert done is ReleaseState.LIVE
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert b.live().standing(b.hands.now).ahead[0].kind is FactKind.CONDITION_OVERDUE
    b.hands.forward(days=10)
    assert b.live().standing(b.hands.now).reasons == (FactKind.CONDITION_OVERDUE,)
    (condition,) = b.ask(pledges.conditions, request)
    with pytest.raises(Refused):
        b.do(b.people["ana"], releases.meet_condition, condition.id, note=SAID)
    with pytest.raises(Invalid):
        b.do(b.people["otto"], releases.meet_condition, condition.id, note="done")
    b.do(b.people["otto"], releases.meet_condition, condition.id, note=SAID)
    with pytest.raises(Conflict):
        b.do(b.people["otto"], releases.meet_condition, condition.id, note=SAID)
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert all(promise.text not in e.body for e in b.ask(audit.events, limit=100))


def test_a_lapse_and_its_end_are_written_down_once(any_bench):
    b = any_bench
    version, request = go_live(b)
    sweep(b, 2)
    before = actions(b, request)
    due = b.hands.now + timedelta(days=30)
    finding = b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    sweep(b, 3)
    assert b.ask(pledges.last_standing, b.live().deployment.id) == (
        Worth.SUSPENDED,
        (FactKind.BLOCKING_FINDING,),
    )
    with pytest.raises(Refused):
        b.do(b.people["ana"], findings.waive, finding.id, reason=SAID, expires_at=due)
    with pytest.raises(Invalid, match="within 60 days"):
        b.do(b.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=due.replace(year=2031))
    b.do(
        b.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=b.hands.now + timedelta(days=7)
    )
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert b.live().standing(b.hands.now).ahead[0].kind is FactKind.BLOCKING_FINDING
    sweep(b, 2)
    b.hands.forward(days=8)
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED, "the waiver has ended by itself"
    sweep(b, 2)
    b.do(b.people["cora"], findings.resolve, finding.id, resolution=SAID)
    sweep(b, 2)
    assert [a for a in actions(b, request)[len(before) :] if a.startswith("release.")] == [
        "release.lapsed",
        "release.restored",
        "release.lapsed",
        "release.restored",
    ]
    assert b.ask(audit.verify).ok


def test_a_revoked_waiver_blocks_at_once(bench):
    b = bench
    version, _ = go_live(b)
    due = b.hands.now + timedelta(days=30)
    finding = b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    b.do(
        b.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=b.hands.now + timedelta(days=7)
    )
    with pytest.raises(Conflict):
        b.do(b.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=due)
    b.hands.forward(hours=1)
    b.do(b.people["carl"], findings.revoke_waiver, finding.id)
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED


def test_a_changed_file_takes_the_version_out_and_the_right_one_brings_it_back(bench):
    b = bench
    _version, request = go_live(b)
    sweep(b)
    assert b.live().verified.ok
    assert b.live().verified.last_at == b.hands.now
    path = b.store.files.path(b.live().deployment.artifact_digest)
    kept = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(kept + b"!")
    sweep(b)
    assert b.live().standing(b.hands.now).worth is Worth.GOOD, "the file is not hashed at every sweep"
    b.hands.forward(hours=25)
    sweep(b)
    assert b.live().standing(b.hands.now).reasons == (FactKind.DIGEST_DIFFERS,)
    path.write_bytes(kept)
    b.hands.forward(hours=25)
    sweep(b)
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert [a for a in actions(b, request) if a.startswith("artifact")] == [
        "artifact.verified",
        "artifact.differs",
        "artifact.verified",
    ]
    path.unlink()
    b.hands.forward(hours=25)
    sweep(b)
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED


@pytest.mark.parametrize(
    ("effect", "worth"),
    [("warn", Worth.WARNING), ("fall_back", Worth.FALL_BACK), ("suspend", Worth.SUSPENDED)],
)
def test_the_policy_says_what_drift_does(bench, effect, worth):
    b = bench
    first, _ = go_live(b)
    publish(b, drift=('on_drift = "warn"', f'on_drift = "{effect}"'))
    second, request = go_live(b, strength=2.5)
    drifts(b, second)
    held = b.live().standing(b.hands.now)
    assert (held.worth, held.reasons) == (worth, (FactKind.DRIFT_BREACH,))
    deployed, answering = b.ask(effective.effective, "credit", "production", b.hands.now)
    assert deployed.version.id == second
    answers = {Worth.WARNING: second, Worth.FALL_BACK: first, Worth.SUSPENDED: None}
    assert (answering.version.id if answering else None) == answers[worth]
    sweep(b)
    expected = "release.standing_changed" if worth is Worth.WARNING else "release.lapsed"
    assert expected in actions(b, request)


def test_without_a_version_to_fall_back_to_nothing_answers(bench):
    b = bench
    publish(b, drift=('on_drift = "warn"', 'on_drift = "fall_back"'))
    version, _ = go_live(b)
    drifts(b, version)
    assert b.ask(effective.effective, "credit", "production", b.hands.now)[1] is None


def test_what_is_live_takes_few_statements(bench):
    from sqlalchemy import event

    b = bench
    go_live(b)
    seen = []
    event.listen(b.store._reader, "before_cursor_execute", lambda *a: seen.append(a[2]))
    b.live()
    assert len(seen) <= 12, seen


def test_silence_reminds_escalates_and_ends_but_never_approves(any_bench):
    b = any_bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    b.sign(b.people["otto"], request)
    patience = b.ask(queries.policy, b.ask(queries.release, request).policy_digest).patience
    begin = actions(b, request)
    sweep(b)
    b.hands.forward(days=patience.remind_days)
    sweep(b, 2)
    b.hands.forward(days=patience.due_days - patience.remind_days)
    sweep(b, 2)
    assert b.ask(queries.release, request).escalated_at is not None
    assert b.ask(queries.release, request).state is ReleaseState.IN_REVIEW
    b.hands.forward(days=patience.cancel_days - patience.due_days)
    sweep(b, 2)
    assert actions(b, request)[len(begin) :] == [
        "release.reminded",
        "release.escalated",
        "release.expired",
    ]
    assert b.ask(queries.release, request).state is ReleaseState.EXPIRED
    with pytest.raises(Conflict):
        b.sign(b.people["carl"], request)
    assert b.live() is None


def test_a_new_round_starts_the_patience_anew(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    patience = b.ask(queries.policy, b.ask(queries.release, request).policy_digest).patience
    b.hands.forward(days=patience.due_days)
    sweep(b)
    b.sign(b.people["carl"], request, meaning="request_changes")
    b.do(b.people["ana"], releases.resubmit, request)
    assert b.ask(queries.release, request).escalated_at is None
    b.hands.forward(days=patience.due_days - 1)
    sweep(b)
    assert b.ask(queries.release, request).state is not ReleaseState.EXPIRED


def test_nothing_is_signed_without_a_fresh_confirmation_for_this_very_snapshot(bench):
    b = bench
    otto = b.people["otto"]
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    other = b.request(b.people["ana"], b.version(b.people["ana"], seed=2))
    seen = b.snapshot(request)

    def sign(ticket, who=otto):
        return b.do(
            who, releases.sign, request, area="operations", meaning="approve", rationale=SAID,
            snapshot_digest=seen, ticket=ticket,
        )  # fmt: skip

    for wrong in ("", "made-up", b.ticket(otto, other, b.snapshot(other)), b.ticket(otto, request, "0" * 64)):
        with pytest.raises(Unauthenticated):
            sign(wrong)
    with pytest.raises(Unauthenticated):
        sign(b.ticket(b.people["olga"], request, seen))
    old = b.ticket(otto, request, seen)
    b.hands.forward(minutes=5)
    with pytest.raises(Unauthenticated):
        sign(old)
    good = b.ticket(otto, request, seen)
    assert sign(good) is ReleaseState.IN_REVIEW
    assert b.ask(queries.signatures, request)[0].confirmed_by == "password"
    with pytest.raises(Conflict):
        sign(good)


def test_reviewed_takes_no_seat_and_leaves_the_vote_open(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    assert b.sign(b.people["otto"], request, meaning="reviewed") is ReleaseState.IN_REVIEW
    with pytest.raises(Conflict):
        b.sign(b.people["otto"], request, meaning="reviewed")
    assert b.ask(queries.release, request).signed == 0
    b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE


def test_as_of_facts_have_their_moment(bench):
    b = bench
    version, _ = go_live(b)
    begin = b.hands.now
    b.hands.forward(days=1)
    b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=datetime(2030, 1, 1, tzinfo=UTC))  # fmt: skip
    assert b.live().standing(begin).worth is Worth.GOOD
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED
