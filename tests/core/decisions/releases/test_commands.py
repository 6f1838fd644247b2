"""The journey of a request through commands: to live, and every way it can be stopped."""

import pytest

from core.assets.registry import RiskTier
from core.assets.registry import commands as registry
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.decisions.releases import queries
from core.decisions.releases.gates import GateKind, Verdict
from core.decisions.releases.standing import Worth
from core.decisions.releases.states import ReleaseState
from core.errors import Conflict, Invalid, Refused
from core.evidence.kpis.definition import Definition, Direction
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.conftest import SAID, bench_on
from tests.kpis import in_force


def refusals(bench):
    return [e.data["code"] for e in bench.ask(audit.events, action="refused", limit=99)]


def test_two_people_of_two_areas_put_a_version_live(any_bench):
    b = any_bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    assert b.ask(queries.release, request).state is ReleaseState.IN_REVIEW
    assert b.live() is None
    assert b.sign(b.people["otto"], request) is ReleaseState.IN_REVIEW
    assert b.live() is None
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE
    live = b.live()
    assert live.version.id == version
    assert live.deployment.artifact_digest == live.version.artifact_digest
    assert [(s.person_id, s.area) for s in live.approvals] == [
        ("per_otto", "operations"),
        ("per_carl", "compliance"),
    ]
    assert live.standing(b.hands.now).worth is Worth.GOOD
    assert b.ask(audit.verify).ok


def test_every_step_leaves_one_event_without_the_rationale(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    b.sign(b.people["otto"], request)
    b.sign(b.people["carl"], request)
    events = b.ask(audit.events, subject_kind="release", subject_id=request)
    assert [e.action for e in reversed(events)] == [
        "release.requested",
        "gates.judged",
        "release.signed",
        "release.signed",
    ]
    assert events[0].data["state"] == "live"
    assert all(SAID not in e.body for e in events)
    assert len(events[0].data["rationale_hmac"]) == 64


def test_the_author_is_barred_whatever_their_roles_and_the_attempt_stays(bench):
    b = bench
    bea = b.people["bea"]
    request = b.request(bea, b.version(bea))
    for via in ("page", "api", "cli"):
        with pytest.raises(Refused, match="You may not approve: you uploaded this version"):
            b.sign(Actor(bea.id, "person", bea.roles, via), request, area="operations")
    assert refusals(b) == ["release.uploaded_version"] * 3
    assert {e.subject_id for e in b.ask(audit.events, action="refused")} == {request}
    with pytest.raises(Refused):
        b.sign(b.people["ana"], request, area="operations")
    with pytest.raises(Refused):
        b.sign(Actor("tok_1", "service", frozenset({"operations"}), "api"), request, area="operations")
    assert b.ask(queries.signatures, request) == ()


def test_a_card_editor_and_a_late_policy_publisher_are_barred(bench):
    b = bench
    version = b.version(b.people["ana"])
    b.do(
        Actor("per_max", "person", frozenset({"data_scientist"})),
        registry.edit_card,
        version,
        {"use.out_of_scope": "x"},
    )
    request = b.request(b.people["ana"], version)
    with pytest.raises(Refused, match="you edited this version's model card"):
        b.sign(b.people["max"], request, area="operations")


def kpi(name: str) -> Definition:
    return Definition(
        name=name, question="How good?", owner_id="per_olga", metric=Metric.ROC_AUC, unit="", direction=Direction.HIGHER,
        target=0.8, warning=0.75, critical=0.7, window=Grain.MONTH, minimum_n=30,
    )  # fmt: skip


def test_a_kpi_made_after_the_version_bars_its_author_and_a_standing_one_does_not(bench):
    b = bench
    in_force(b.store, b.people["olga"], b.use_case.id, kpi("standing"))
    b.hands.forward(seconds=9)
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    b.sign(b.people["olga"], request)
    in_force(b.store, b.people["otto"], b.use_case.id, kpi("approval rate"))
    with pytest.raises(Refused, match="you set KPI “approval rate” on Nov 23, 2026"):
        b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE, "a newer KPI does not void the round"


def test_an_area_must_be_held_and_asked(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    with pytest.raises(Refused):
        b.sign(b.people["otto"], request, area="compliance")
    with pytest.raises(Refused):
        b.sign(b.people["vera"], request, area="validator")
    assert refusals(b) == ["release.not_your_area"] * 2


def test_one_person_with_two_areas_cannot_approve_alone(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    b.sign(b.people["max"], request, area="operations")
    with pytest.raises(Conflict):
        b.sign(b.people["max"], request, area="compliance")
    assert b.sign(b.people["olga"], request) is ReleaseState.IN_REVIEW
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE


def test_a_short_rationale_and_a_stale_page_are_not_signed(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    with pytest.raises(Invalid, match="at least 20"):
        b.sign(b.people["otto"], request, rationale="fine " + " " * 30)
    with pytest.raises(Conflict):
        b.sign(b.people["otto"], request, snapshot="0" * 64)


def test_nobody_signs_before_the_gates_are_judged(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]), judge=False)
    with pytest.raises(Conflict):
        b.sign(b.people["otto"], request)


def gate(b, request, kind):
    current = b.ask(queries.rounds, request)[-1]
    return next(g.verdict for g in b.ask(queries.gates, current.id) if g.verdict.kind is kind)


def test_a_weak_version_can_be_rejected_but_not_approved(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"], strength=0.1))
    assert gate(b, request, GateKind.METRIC_FLOOR).verdict is Verdict.FAILED
    with pytest.raises(Conflict, match="block"):
        b.sign(b.people["otto"], request)
    assert b.sign(b.people["otto"], request, meaning="reject") is ReleaseState.REJECTED
    with pytest.raises(Conflict):
        b.sign(b.people["carl"], request)


def test_thresholds_sealed_after_the_evaluation_started_block(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"], seal_late=True))
    assert gate(b, request, GateKind.SEALED).verdict is Verdict.FAILED
    with pytest.raises(Conflict, match="block"):
        b.sign(b.people["otto"], request)


def test_a_version_without_sealed_thresholds_cannot_be_requested(bench):
    b = bench
    with pytest.raises(Conflict, match="sealed"):
        b.request(b.people["ana"], b.version(b.people["ana"], seal=False))


def go_live(b, author="ana", **kwargs):
    version = b.version(b.people[author], **kwargs)
    request = b.request(b.people[author], version)
    b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE
    return version, request


def test_a_worse_challenger_fails_against_the_champion_on_the_same_rows(bench):
    b = bench
    go_live(b, strength=3.0)
    request = b.request(b.people["ana"], b.version(b.people["ana"], strength=1.5))
    found = gate(b, request, GateKind.CHAMPION)
    assert found.verdict is Verdict.FAILED
    assert "Paired" in found.reason
    assert found.low < found.measured < found.high < 0


def test_on_other_data_the_intervals_are_compared_and_it_says_so(bench):
    b = bench
    go_live(b, strength=1.5)
    request = b.request(b.people["ana"], b.version(b.people["ana"], strength=3.0, dataset="other"))
    found = gate(b, request, GateKind.CHAMPION)
    assert found.verdict is Verdict.PASSED
    assert "different data" in found.reason


def test_the_second_version_replaces_the_first_and_can_be_rolled_back(bench):
    b = bench
    first, first_request = go_live(b)
    second, second_request = go_live(b, strength=2.5)
    assert b.live().version.id == second
    assert b.ask(queries.release, first_request).state is ReleaseState.RETIRED
    with pytest.raises(Invalid):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason="no")
    back = b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)
    assert back == first == b.live().version.id
    assert b.ask(queries.release, second_request).state is ReleaseState.ROLLED_BACK
    assert b.ask(queries.release, first_request).state is ReleaseState.LIVE
    assert len(b.ask(queries.deployments, b.use_case.id, "production", only_live=True)) == 1
    assert len(b.ask(queries.deployments, b.use_case.id, "production")) == 3


def test_no_way_back_to_what_was_never_approved_expired_or_blocked(bench):
    b = bench
    version, _ = go_live(b)
    with pytest.raises(Conflict, match="no earlier version"):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)
    go_live(b, strength=2.5)
    due = b.hands.now.replace(year=2030)
    b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    with pytest.raises(Conflict, match="no longer passes"):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)
    b.hands.forward(days=400)
    with pytest.raises(Conflict, match="expired"):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)


def test_retired_means_nothing_is_live(bench):
    b = bench
    go_live(b)
    with pytest.raises(Refused):
        b.do(b.people["ana"], releases.retire, slug="credit", environment="production", reason=SAID)
    b.do(b.people["otto"], releases.retire, slug="credit", environment="production", reason=SAID)
    assert b.live() is None
    with pytest.raises(Conflict):
        b.do(b.people["otto"], releases.retire, slug="credit", environment="production", reason=SAID)


def test_an_approval_that_expires_and_a_blocking_finding_take_the_standing(bench):
    b = bench
    version, _ = go_live(b)
    b.hands.forward(days=1)
    due = b.hands.now.replace(year=2030)
    finding = b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED
    with pytest.raises(Refused):
        b.do(b.people["ana"], findings.resolve, finding.id, resolution=SAID)
    b.do(b.people["cora"], findings.resolve, finding.id, resolution=SAID)
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    b.hands.forward(days=400)
    assert b.live().standing(b.hands.now).worth is Worth.SUSPENDED


def test_changes_requested_open_a_round_that_keeps_no_old_vote(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request, meaning="request_changes") is ReleaseState.CHANGES_REQUESTED
    before = b.snapshot(request)
    b.do(b.people["ana"], registry.edit_card, version, {"use.out_of_scope": "x"})
    assert b.do(b.people["ana"], releases.resubmit, request) == 2
    b.judge()
    with pytest.raises(Conflict):
        b.sign(b.people["cora"], request, snapshot=before)
    assert b.sign(b.people["cora"], request) is ReleaseState.IN_REVIEW
    assert b.ask(queries.release, request).signed == 1
    assert b.sign(b.people["otto"], request) is ReleaseState.LIVE
    assert len(b.ask(queries.signatures, request)) == 4


def test_a_card_edited_during_the_review_voids_the_round(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    with pytest.raises(Conflict, match="Nothing has changed"):
        b.do(b.people["ana"], releases.resubmit, request)
    b.sign(b.people["otto"], request)
    b.do(b.people["ana"], registry.edit_card, version, {"use.out_of_scope": "x"})
    with pytest.raises(Conflict, match="model card"):
        b.sign(b.people["carl"], request)
    b.do(b.people["ana"], releases.resubmit, request)
    b.judge()
    assert b.sign(b.people["carl"], request) is ReleaseState.IN_REVIEW


def test_only_one_open_request_and_none_for_what_is_live(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    with pytest.raises(Conflict, match="requested already"):
        b.request(b.people["ana"], version)
    assert b.request(b.people["ana"], version, "staging")
    b.sign(b.people["otto"], request)
    b.sign(b.people["carl"], request)
    with pytest.raises(Conflict, match="live in production already"):
        b.request(b.people["ana"], version)


def test_withdrawn_by_who_asked_or_uploaded_and_nobody_else(bench):
    b = bench
    request = b.request(b.people["otto"], b.version(b.people["ana"]))
    with pytest.raises(Refused):
        b.do(b.people["bea"], releases.withdraw, request)
    b.do(b.people["ana"], releases.withdraw, request)
    assert b.ask(queries.release, request).state is ReleaseState.WITHDRAWN
    with pytest.raises(Conflict):
        b.sign(b.people["otto"], request)


def test_a_finding_opened_after_the_checks_stops_the_approval(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    due = b.hands.now.replace(year=2030)
    b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.CRITICAL, owner_id="per_ana", due_at=due)  # fmt: skip
    with pytest.raises(Conflict, match="finding"):
        b.sign(b.people["otto"], request)
    b.do(b.people["carl"], releases.run_checks, request)
    b.judge()
    assert gate(b, request, GateKind.FINDINGS).verdict is Verdict.FAILED


def test_a_published_policy_cannot_be_published_again(bench):
    b = bench
    with b.store.unit_of_work(SYSTEM) as uow:
        assert releases.publish_shipped(uow) == 0
    from importlib.resources import files

    text = files("data").joinpath("policies", "low-staging.toml").read_text()
    with pytest.raises(Conflict):
        b.do(b.people["carl"], releases.publish_policy, text)
    with pytest.raises(Refused):
        b.do(b.people["ana"], releases.publish_policy, text.replace("2026.1", "2026.2"))
    b.do(b.people["carl"], releases.publish_policy, text.replace("2026.1", "2026.2"))


def test_the_high_tier_asks_three_areas_and_an_explanation(store, hands):
    b = bench_on(store, hands, RiskTier.HIGH)
    request = b.request(b.people["ana"], b.version(b.people["ana"], strength=2.5))
    found = gate(b, request, GateKind.EXPLANATION)
    assert (found.verdict, found.blocks) == (Verdict.NOT_AVAILABLE, True)
    with pytest.raises(Conflict, match="block"):
        b.sign(b.people["vera"], request)


@pytest.mark.parametrize("statement", [
    "UPDATE sealed_threshold SET thresholds = replace(thresholds, '0.65', '0.05')",
    "UPDATE release_policy SET text = replace(text, 'count = 1', 'count = 0') || ' '",
])  # fmt: skip
def test_thresholds_or_a_policy_changed_behind_our_back_decide_nothing(bench, statement):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    with b.store.engine.begin() as raw:
        raw.exec_driver_sql(statement)
    with pytest.raises((Conflict, Invalid)):
        b.sign(b.people["otto"], request)
