"""Releases and release review: the queue, the screen, the signature, and the words of a refusal."""

from datetime import timedelta

import pytest

from core.assets.registry import RiskTier
from core.assets.registry import commands as registry
from core.decisions.findings import commands as findings
from core.decisions.findings import queries as found_by
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.decisions.releases import pledges, queries
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.states import ReleaseState
from core.platform.access import commands as access
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import SAID, bench_on
from tests.core.decisions.releases.test_unusual import break_glass
from tests.ui.hands import page_as


@pytest.fixture
def bench(house, hands):
    """A demo's house: one tick confirms a signature."""
    with house.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "demo")
    return bench_on(house, hands, RiskTier.LIMITED)


def text(page) -> str:
    """Everything shown, as it reads: without the backslashes of escaping."""
    return raw(page).replace("\\", "")


def raw(page) -> str:
    parts = [
        e.value
        for kind in (page.markdown, page.caption, page.error, page.warning, page.success)
        for e in kind
    ]
    tables = [str(t.value.to_dict("list")) for t in page.table]
    return "\n".join(map(str, [*parts, *tables]))


def open_page(bench, name, page="release_review", language="en", **address):
    found = page_as(bench.store, bench.people[name], page, language=language, **address)
    assert not found.exception, found.exception
    return found


def waiting(bench, **kwargs):
    return bench.request(bench.people["ana"], bench.version(bench.people["ana"], **kwargs))


def press(page, label):
    (button,) = [b for b in page.button if b.label == label]
    return button.click().run()


def confirm(page):
    (box,) = [c for c in page.checkbox if "who signs" in c.label]
    box.check()


def test_an_empty_queue_says_so_and_offers_nothing_to_review(bench):
    page = open_page(bench, "otto", "releases")
    assert "Nothing waits for you" in text(page)
    (button,) = [b for b in page.button if b.label == "Review next"]
    assert button.disabled


def test_the_queue_holds_what_i_can_sign_and_not_what_i_made(bench):
    bench.version(bench.people["bea"])
    waiting(bench)
    mine = open_page(bench, "otto", "releases")
    assert [link.label for link in mine.get("page_link")] == ["**Credit v2** → Production"]
    own = bench.request(bench.people["bea"], bench.ask(registry.queries.versions, bench.use_case.id)[1].id)
    assert own
    assert len(open_page(bench, "otto", "releases").get("page_link")) == 2
    assert len(open_page(bench, "bea", "releases").get("page_link")) == 1
    assert len(open_page(bench, "ana", "releases", show="all").get("page_link")) == 2
    assert "Nothing was decided yet" in text(open_page(bench, "ana", "releases", show="done"))


def test_without_a_release_in_the_address_the_page_leads_back(bench):
    assert "No release is chosen" in text(open_page(bench, "otto"))
    assert "There is no release request" in text(open_page(bench, "otto", release="rel_none"))


def test_an_approver_sees_gates_figures_and_may_sign(bench):
    request = waiting(bench)
    page = open_page(bench, "otto", release=request)
    shown = text(page)
    assert "Area under the ROC curve: on the evaluation data" in shown
    assert "≥ 0.650" in shown
    assert "No version is live yet" in shown
    assert "Your turn" in shown
    assert page.metric[0].label == "Area under the ROC curve"
    page.text_area[0].set_value(SAID)
    confirm(page)
    press(page, "Sign and record")
    assert [s.person_id for s in bench.ask(queries.signatures, request)] == ["per_otto"]


def test_a_short_rationale_is_refused_in_place_and_keeps_what_was_typed(bench):
    request = waiting(bench)
    page = open_page(bench, "otto", release=request)
    page.text_area[0].set_value("fine")
    confirm(page)
    page = press(page, "Sign and record")
    assert "at least 20 characters" in text(page)
    assert page.text_area[0].value == "fine"
    assert bench.ask(queries.signatures, request) == ()


def test_the_author_reads_why_and_who_can(bench):
    request = bench.request(bench.people["bea"], bench.version(bench.people["bea"]))
    page = open_page(bench, "bea", release=request)
    assert "You may not approve: you uploaded this version." in text(page)
    assert "Otto" in text(page)
    assert not [b for b in page.button if b.label == "Sign and record"]
    portuguese = open_page(bench, "bea", language="pt_BR", release=request)
    assert not portuguese.exception


def test_the_second_signature_puts_it_live_and_the_page_says_so(bench):
    request = waiting(bench)
    bench.sign(bench.people["otto"], request)
    page = open_page(bench, "carl", release=request)
    assert "1 of 2 signatures" in str([e.proto.text for e in page.get("progress")])
    page.text_area[0].set_value(SAID)
    confirm(page)
    page = press(page, "Sign and record")
    assert not page.exception
    assert bench.live().release.id == request
    assert "Live. The approval holds until" in text(page)
    assert [b.label for b in page.button if b.label in {"Roll back", "Take out of service"}]


def test_blocking_gates_leave_no_approval_to_choose(bench):
    request = waiting(bench, strength=0.1)
    page = open_page(bench, "otto", release=request)
    assert "It cannot be approved while gates block it: Performance" in text(page)
    (decision,) = [c for c in page.button_group if c.label == "Your decision"]
    assert "Approve" not in list(decision.options)
    page.text_area[0].set_value(SAID)
    confirm(page)
    press(page, "Sign and record")
    assert bench.ask(queries.release, request).state is ReleaseState.CHANGES_REQUESTED


def test_changes_since_the_champion_are_named(bench):
    first = waiting(bench)
    bench.sign(bench.people["otto"], first)
    bench.sign(bench.people["carl"], first)
    page = open_page(bench, "otto", release=waiting(bench, strength=3.0))
    assert "Paired bootstrap over the same rows." in text(page)
    table = page.table[1].value
    assert list(table.columns)[1:3] == ["v1", "v2"]
    assert page.metric[0].delta


def test_a_void_round_says_what_changed_and_a_new_one_can_be_opened(bench):
    version = bench.version(bench.people["ana"])
    request = bench.request(bench.people["ana"], version)
    bench.sign(bench.people["otto"], request)
    bench.do(bench.people["ana"], registry.edit_card, version, {"use.out_of_scope": "x"})
    assert "This round is void: model card changed" in text(open_page(bench, "carl", release=request))
    page = open_page(bench, "ana", release=request)
    press(page, "Open a new round")
    assert bench.ask(queries.release, request).round == 2


def test_withdrawn_by_its_requester_from_the_page(bench):
    request = waiting(bench)
    press(open_page(bench, "ana", release=request), "Withdraw")
    assert bench.ask(queries.release, request).state is ReleaseState.WITHDRAWN


def test_what_people_wrote_is_shown_as_text(bench):
    request = waiting(bench)
    bench.sign(bench.people["otto"], request, rationale="**bold** [x](http://evil) and more words")
    page = open_page(bench, "carl", release=request)
    assert "\\*\\*bold\\*\\*" in raw(page)
    assert "](http" not in raw(page)


def test_reading_a_page_leaves_no_event(bench):
    request = waiting(bench)
    before = bench.ask(audit.head)
    open_page(bench, "otto", release=request)
    open_page(bench, "otto", "releases")
    assert bench.ask(audit.head) == before


def test_a_refusal_by_the_command_is_recorded_although_the_page_hides_the_form(bench):
    from core.errors import Refused

    request = bench.request(bench.people["bea"], bench.version(bench.people["bea"]))
    with pytest.raises(Refused):
        bench.sign(bench.people["bea"], request, area="operations")
    assert "Attempt refused" in text(open_page(bench, "otto", release=request))
    assert releases


def test_a_live_version_that_lost_its_standing_says_why(bench):
    request = waiting(bench)
    bench.sign(bench.people["otto"], request)
    bench.sign(bench.people["carl"], request)
    bench.hands.forward(days=400)
    assert "Suspended: The approval has expired." in text(open_page(bench, "otto", release=request))


def test_an_unticked_confirmation_signs_nothing(bench):
    request = waiting(bench)
    page = open_page(bench, "otto", release=request)
    page.text_area[0].set_value(SAID)
    page = press(page, "Sign and record")
    assert "confirm who you are" in text(page)
    assert bench.ask(queries.signatures, request) == ()


def test_an_approval_with_conditions_names_what_is_owed(bench):
    request = waiting(bench)
    bench.sign(bench.people["otto"], request)
    page = open_page(bench, "carl", release=request)
    (decision,) = [c for c in page.button_group if c.label == "Your decision"]
    page = decision.set_value(Meaning.APPROVE_WITH_CONDITIONS).run()
    by_label = {area.label: area for area in page.text_area}
    by_label["Rationale"].set_value(SAID)
    by_label["What must be done"].set_value("Report to the board")
    confirm(page)
    page = press(page, "Sign and record")
    assert not page.exception
    assert bench.ask(queries.release, request).state is ReleaseState.LIVE
    shown = text(page)
    assert "Report to the board" in shown
    assert "A condition is due" in shown
    assert [b for b in page.button if b.label == "Condition is met"]


def test_a_lent_seat_can_be_taken_from_the_page(bench):
    until = bench.hands.now + timedelta(days=5)
    bench.do(bench.people["otto"], releases.delegate, area="operations", to="per_vera", until=until)
    request = waiting(bench)
    page = open_page(bench, "vera", release=request)
    assert "Operations, for Otto" in text(page)
    page.text_area[0].set_value(SAID)
    confirm(page)
    page = press(page, "Sign and record")
    assert bench.ask(queries.signatures, request)[0].on_behalf_of == "per_otto"
    assert "for Otto" in text(page)


def test_the_emergency_takes_two_steps_and_every_page_says_what_is_owed(bench):
    request = waiting(bench, strength=0.1)
    page = open_page(bench, "otto", release=request)
    page = press(page, "Emergency release")
    assert "without the signatures" in text(page)
    assert [b for b in page.button if b.label == "I understand, go on"]
    assert not [b for b in page.button if b.label == "Release now"], "the second step is not in the first"
    version = bench.ask(queries.release, request).version.id
    assert break_glass(bench, "otto", version) == request
    page = open_page(bench, "otto", release=request)
    assert bench.live().release.id == request
    assert "Carl reviews it until" in text(page)
    theirs = open_page(bench, "carl", release=request)
    assert "Was it right?" in [c.label for c in theirs.button_group]
    (debt,) = bench.ask(pledges.debts)
    bench.hands.forward(hours=80)
    assert debt.overdue(bench.hands.now)
    assert "is overdue since" in text(open_page(bench, "cora", release=request))


def test_findings_and_their_waivers_stand_on_the_page(bench):
    request = waiting(bench)
    version = bench.ask(queries.release, request).version.id
    due = bench.hands.now + timedelta(days=9)
    bench.do(bench.people["carl"], findings.open_finding, version_id=version, title="A proxy", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip
    page = open_page(bench, "otto", release=request)
    assert "A proxy" in text(page)
    page = press(page, "Waive")
    assert [t for t in page.text_area if t.label == "Why it can wait"]
    (finding,) = bench.ask(found_by.findings, version)
    until = bench.hands.now + timedelta(days=3)
    bench.do(bench.people["otto"], findings.waive, finding.id, reason=SAID, expires_at=until)
    page = open_page(bench, "otto", release=request)
    assert [b for b in page.button if b.label == "End the waiver"]
    assert "Waived until" in text(page)
    own = open_page(bench, "ana", release=request)
    assert not [b for b in own.button if b.label in {"Waive", "Resolve"}]
    assert [b for b in own.button if b.label == "Open a finding"]


def test_a_link_opens_the_request_of_its_version(bench):
    bench.version(bench.people["ana"])
    bench.version(bench.people["ana"])
    page = open_page(bench, "ana", "releases", use_case="credit", version="1")
    (version,) = [s for s in page.selectbox if s.label == "Version"]
    assert version.value == bench.ask(registry.queries.versions, bench.use_case.id)[1].id
