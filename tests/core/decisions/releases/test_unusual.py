"""Lent seats, broken glass, the governed way back, newer KPIs, another environment, one person alone."""

from datetime import timedelta
from importlib.resources import files

import pytest

from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.decisions.releases import facts, pledges, queries
from core.decisions.releases.gates import GateKind
from core.decisions.releases.review import Scope, queue, review
from core.decisions.releases.snapshot import digest
from core.decisions.releases.standing import FactKind, Worth
from core.decisions.releases.states import ReleaseState
from core.errors import Conflict, Invalid, Refused, Unauthenticated
from core.platform.access.tables import PersonRow
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.conftest import SAID
from tests.core.decisions.releases.test_commands import kpi
from tests.core.decisions.releases.test_perishable import actions, go_live, publish, sweep
from tests.kpis import in_force


def lend(b, giver, taker, area, days=7):
    return b.do(
        b.people[giver],
        releases.delegate,
        area=area,
        to=b.people[taker].id,
        until=b.hands.now + timedelta(days=days),
        reason="Away",
    )


def test_a_lent_seat_signs_until_its_end(any_bench):
    b = any_bench
    lend(b, "otto", "vera", "operations")
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    found = b.ask(review, request, b.people["vera"], b.hands.now)
    assert [d.person_id for d in found.lent] == ["per_otto"]
    assert found.bars == ()
    assert [r.id for r in b.ask(queue, Scope.MINE, b.people["vera"], b.hands.now)] == [request]
    with pytest.raises(Refused):
        b.sign(b.people["vera"], request, area="operations")
    with pytest.raises(Refused):
        b.sign(b.people["vera"], request, area="compliance", on_behalf_of="per_otto")
    b.sign(b.people["vera"], request, area="operations", on_behalf_of="per_otto")
    assert b.ask(queries.signatures, request)[0].on_behalf_of == "per_otto"
    with pytest.raises(Conflict, match="lent your seat"):
        b.sign(b.people["otto"], request)
    assert b.sign(b.people["carl"], request) is ReleaseState.LIVE
    late = b.request(b.people["ana"], b.version(b.people["ana"], seed=3))
    b.hands.forward(days=8)
    with pytest.raises(Refused):
        b.sign(b.people["vera"], late, area="operations", on_behalf_of="per_otto")


def test_no_barred_person_gains_or_gives_by_lending(bench):
    b = bench
    lend(b, "bea", "vera", "operations")
    lend(b, "otto", "bea", "operations")
    request = b.request(b.people["bea"], b.version(b.people["bea"]))
    with pytest.raises(Refused):
        b.sign(b.people["vera"], request, area="operations", on_behalf_of="per_bea")
    with pytest.raises(Refused, match="you uploaded this version"):
        b.sign(b.people["bea"], request, area="operations", on_behalf_of="per_otto")
    assert b.ask(queries.signatures, request) == ()


def test_what_cannot_be_lent(bench):
    b = bench
    with pytest.raises(Refused):
        lend(b, "otto", "vera", "compliance")
    for taker, days in (("otto", 7), ("ana", 7), ("vera", 400)):
        with pytest.raises(Invalid):
            lend(b, "otto", taker, "operations", days)
    made = lend(b, "otto", "vera", "operations")
    with pytest.raises(Conflict):
        lend(b, "otto", "carl", "operations")
    with pytest.raises(Refused):
        b.do(b.people["carl"], releases.end_delegation, made)
    b.do(b.people["otto"], releases.end_delegation, made)
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    with pytest.raises(Refused):
        b.sign(b.people["vera"], request, area="operations", on_behalf_of="per_otto")


def break_glass(b, who, version, *, reviewer="carl", reason=SAID, ticket=None):
    with b.store.reading() as view:
        seen = digest(facts.snapshot(view, queries.registry.version(view, version), "production"))
    made = b.ticket(b.people[who], f"emergency:{version}:production", seen) if ticket is None else ticket
    return b.do(
        b.people[who],
        releases.break_glass,
        version_id=version,
        environment="production",
        reason=reason,
        reviewer_id=f"per_{reviewer}",
        ticket=made,
    )


def review_debt(b, who, debt, *, upheld):
    ticket = b.ticket(b.people[who], debt.id, b.snapshot(debt.request_id))
    b.do(
        b.people[who],
        releases.review_emergency,
        debt.id,
        upheld=upheld,
        finding=SAID,
        ticket=ticket,
    )


def test_broken_glass_owes_a_review_that_only_the_named_person_pays(any_bench):
    b = any_bench
    go_live(b)
    weak = b.version(b.people["ana"], strength=0.1)
    request = break_glass(b, "otto", weak)
    assert b.live().version.id == weak
    (debt,) = b.ask(pledges.debts)
    assert (debt.request_id, debt.reviewer_id) == (request, "per_carl")
    assert debt.due_at - debt.opened_at == timedelta(hours=72)
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert b.ask(queries.release, request).approved_at is None
    b.judge()
    last = b.ask(queries.rounds, request)[-1]
    assert any(g.verdict.kind is GateKind.METRIC_FLOOR for g in b.ask(queries.gates, last.id))
    b.hands.forward(hours=73)
    held = b.live().standing(b.hands.now)
    assert (held.worth, held.reasons) == (Worth.WARNING, (FactKind.REVIEW_OVERDUE,))
    sweep(b)
    with pytest.raises(Refused, match="named reviewer"):
        review_debt(b, "cora", debt, upheld=True)
    review_debt(b, "carl", debt, upheld=True)
    assert b.ask(pledges.debts) == ()
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    assert b.ask(queries.release, request).approved_at == b.hands.now
    with pytest.raises(Conflict):
        review_debt(b, "carl", debt, upheld=False)
    assert {"release.emergency", "release.emergency_reviewed"} <= set(actions(b, request))
    assert b.ask(audit.verify).ok


def test_a_review_that_does_not_uphold_suspends(bench):
    b = bench
    first, _ = go_live(b)
    break_glass(b, "otto", b.version(b.people["ana"], strength=0.1))
    review_debt(b, "carl", b.ask(pledges.debts)[0], upheld=False)
    assert b.live().standing(b.hands.now).reasons == (FactKind.NOT_UPHELD,)
    back = b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)
    assert back == first


def test_what_breaking_the_glass_does_not_allow(bench):
    b = bench
    version = b.version(b.people["bea"])
    with pytest.raises(Refused, match="you uploaded this version"):
        break_glass(b, "bea", version)
    with pytest.raises(Invalid):
        break_glass(b, "otto", version, reason="now")
    for reviewer in ("otto", "bea", "ana"):
        with pytest.raises(Invalid):
            break_glass(b, "otto", version, reviewer=reviewer)
    with pytest.raises(Unauthenticated):
        break_glass(b, "otto", version, ticket="")
    with pytest.raises(Refused):
        break_glass(b, "ana", version)
    service = Actor("tok_1", "service", frozenset({"operations"}), "api")
    with pytest.raises(Refused):
        b.do(service, releases.break_glass, version_id=version, environment="production", reason=SAID, reviewer_id="per_carl", ticket="x")  # fmt: skip
    assert b.live() is None
    assert b.ask(pledges.debts) == ()


def test_an_emergency_takes_up_the_open_request_and_another_reviewer_can_be_named(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    b.sign(b.people["otto"], request)
    assert break_glass(b, "olga", version) == request
    found = b.ask(queries.release, request)
    assert (found.state, found.emergency, found.round, found.signed) == (ReleaseState.LIVE, True, 2, 0)
    debt = b.ask(pledges.debts)[0]
    with pytest.raises(Refused):
        b.do(b.people["otto"], releases.name_reviewer, debt.id, "per_cora")
    b.do(b.people["bea"], releases.name_reviewer, debt.id, "per_cora")
    with pytest.raises(Invalid):
        b.do(b.people["bea"], releases.name_reviewer, debt.id, "per_olga")
    review_debt(b, "cora", debt, upheld=True)


def test_no_way_back_to_what_only_an_emergency_put_there(bench):
    b = bench
    break_glass(b, "otto", b.version(b.people["ana"]))
    go_live(b, strength=2.5)
    with pytest.raises(Conflict, match="no earlier version"):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)
    review_debt(b, "carl", b.ask(pledges.debts)[0], upheld=True)
    b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)


def test_no_way_back_over_an_overdue_condition(bench):
    b = bench
    from core.decisions.releases.promises import Promise

    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    due = b.hands.now + timedelta(days=3)
    b.sign(b.people["otto"], request, meaning="approve_with_conditions", conditions=[Promise("Report to the board", "per_olga", due)])  # fmt: skip
    b.sign(b.people["carl"], request)
    go_live(b, strength=2.5)
    b.hands.forward(days=4)
    with pytest.raises(Conflict, match="condition"):
        b.do(b.people["otto"], releases.roll_back, slug="credit", environment="production", reason=SAID)


def test_a_waived_finding_lets_the_approval_through(bench):
    b = bench
    version = b.version(b.people["ana"])
    due = b.hands.now + timedelta(days=30)
    finding = b.do(b.people["carl"], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    request = b.request(b.people["ana"], version)
    with pytest.raises(Conflict, match="block"):
        b.sign(b.people["otto"], request)
    b.do(
        b.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=b.hands.now + timedelta(days=5)
    )
    b.do(b.people["otto"], releases.run_checks, request)
    b.judge()
    b.sign(b.people["otto"], request)


def test_newer_kpis_void_the_round_only_when_they_are_adopted(bench):
    b = bench
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    b.sign(b.people["otto"], request)
    in_force(b.store, b.people["olga"], b.use_case.id, kpi("approval rate"))
    found = b.ask(review, request, b.people["carl"], b.hands.now)
    assert (found.void, found.newer_kpis) == ((), True)
    with pytest.raises(Conflict):
        b.do(b.people["ana"], releases.resubmit, request)
    b.do(b.people["ana"], releases.resubmit, request, adopt_kpis=True)
    b.judge()
    found = b.ask(review, request, b.people["carl"], b.hands.now)
    assert found.newer_kpis is False
    assert b.ask(queries.release, request).signed == 0
    assert b.sign(b.people["carl"], request) is ReleaseState.IN_REVIEW


def test_the_rounds_show_what_changed(bench):
    b = bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    b.sign(b.people["carl"], request, meaning="request_changes")
    from core.assets.registry import commands as registry

    b.do(b.people["ana"], registry.edit_card, version, {"use.out_of_scope": "x"})
    b.do(b.people["ana"], releases.resubmit, request)
    found = b.ask(review, request, b.people["carl"], b.hands.now)
    assert [r.changed for r in found.rounds] == [(), ("card_revision",)]


def test_whoever_uploaded_the_data_is_barred(bench):
    b = bench
    with b.store.engine.begin() as raw:
        raw.exec_driver_sql("UPDATE dataset SET created_by = 'per_olga'")
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    with pytest.raises(Refused, match="uploaded the data"):
        b.sign(b.people["olga"], request)


def test_a_published_policy_makes_another_environment(bench):
    b = bench
    text = files("data").joinpath("policies", "limited-staging.toml").read_text()
    text = text.replace('environment = "staging"', 'environment = "canary"').replace(
        "limited-staging", "canary"
    )
    b.do(b.people["carl"], releases.publish_policy, text)
    b.hands.forward(seconds=1)
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version, "canary")
    b.sign(b.people["otto"], request)
    if b.ask(queries.release, request).state is ReleaseState.IN_REVIEW:
        b.sign(b.people["carl"], request)
    assert b.live("canary").version.id == version
    assert b.live() is None


ALONE = {
    "switch": ("different_areas = 2", "different_areas = 1\nsingle_person = true"),
    "quorum": ('[[quorum]]\nareas = ["compliance"]\ncount = 1\n', ""),
}


def test_one_person_decides_alone_only_where_the_policy_says_so_and_nobody_else_is_there(bench):
    b = bench
    policy = publish(b, **ALONE)
    assert policy.single_person
    (event,) = b.ask(audit.events, action="policy.published", subject_id=policy.digest)
    assert event.data["single_person"] is True
    version = b.version(b.people["bea"])
    request = b.request(b.people["bea"], version)
    with pytest.raises(Refused, match="you uploaded this version"):
        b.sign(b.people["bea"], request, area="operations")
    with b.store.unit_of_work(SYSTEM) as uow:
        for person in uow.session.query(PersonRow):
            if person.id != "per_bea":
                person.disabled_at = uow.now
        uow.record("person.disabled", "person", "per_all")
    assert b.ask(review, request, b.people["bea"], b.hands.now).alone
    assert b.sign(b.people["bea"], request, area="operations") is ReleaseState.LIVE
    (signed,) = b.ask(audit.events, action="release.signed", subject_id=request)
    assert signed.data["single_person"] is True
