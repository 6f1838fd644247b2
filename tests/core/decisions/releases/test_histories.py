"""Random histories and races: what must always hold, held through the same commands that everybody calls."""

import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from core.assets.registry import commands as registry
from core.decisions.releases import commands as releases
from core.decisions.releases import effective, queries
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.states import ReleaseState
from core.errors import AvalError
from core.platform.audit import queries as audit
from core.platform.store import Actor
from tests.conftest import Hands, open_sqlite
from tests.core.decisions.conftest import SAID, bench_on

NAMES = ("ana", "bea", "otto", "olga", "carl", "cora", "vera", "max")
names = st.sampled_from(NAMES)


class Histories(RuleBasedStateMachine):
    """People request, sign, send back, withdraw, edit cards, roll back and retire in any order."""

    versions = Bundle("versions")
    requests = Bundle("requests")
    empty = folder = None

    def __init__(self):
        super().__init__()
        type(self).count = getattr(type(self), "count", 0) + 1
        self.hands = Hands()
        self.b = bench_on(open_sqlite(self.empty, self.folder / str(self.count), self.hands), self.hands)
        self.approved: set[str] = set()
        self.ever_live: list[str] = []
        self.seeds = 0

    def attempt(self, name, command, *args, **kwargs):
        self.hands.forward(seconds=1)
        try:
            return self.b.do(self.b.people[name], command, *args, **kwargs)
        except AvalError:
            return None

    @initialize(target=versions)
    def first(self):
        return self.b.version(self.b.people["ana"], rows=60, strength=4.0)

    @rule(target=versions, author=st.sampled_from(("ana", "bea")))
    def submit(self, author):
        self.seeds += 1
        return self.b.version(self.b.people[author], rows=60, strength=4.0, seed=self.seeds)

    @rule(target=requests, name=names, version=versions, judge=st.booleans())
    def request(self, name, version, judge):
        found = self.attempt(name, releases.request_release, version_id=version, environment="production")
        if judge:
            self.b.judge()
        return found or "rel_none"

    @rule(name=names, request=requests, area=st.sampled_from(("operations", "compliance", "validator")),
          meaning=st.sampled_from(list(Meaning) + [Meaning.APPROVE] * 5), stale=st.integers(0, 9))  # fmt: skip
    def sign(self, name, request, area, meaning, stale):
        try:
            seen = "0" * 64 if stale == 0 else self.b.snapshot(request)
        except IndexError:
            return
        after = self.attempt(
            name,
            releases.sign,
            request,
            area=area,
            meaning=meaning,
            rationale=SAID,
            snapshot_digest=seen,
            ticket=self.b.ticket(self.b.people[name], request, seen),
        )
        if after is not None:
            assert stale != 0, "a stale snapshot was signed"
        if after is ReleaseState.LIVE:
            self.approved.add(request)

    @rule()
    def judge(self):
        self.b.judge()

    @rule(name=names, request=requests)
    def withdraw(self, name, request):
        self.attempt(name, releases.withdraw, request)

    @rule(name=names, request=requests)
    def resubmit(self, name, request):
        self.attempt(name, releases.resubmit, request)

    @rule(name=st.sampled_from(("ana", "bea")), version=versions, text=st.text("ab", min_size=1, max_size=3))
    def edit_card(self, name, version, text):
        self.attempt(name, registry.edit_card, version, {"use.out_of_scope": text})

    @rule(name=names)
    def roll_back(self, name):
        self.attempt(name, releases.roll_back, slug="credit", environment="production", reason=SAID)

    @rule(name=names)
    def retire(self, name):
        self.attempt(name, releases.retire, slug="credit", environment="production", reason=SAID)

    @invariant()
    def at_most_one_is_live_and_its_request_says_so(self):
        with self.b.store.reading() as view:
            live = queries.deployments(view, self.b.use_case.id, "production", only_live=True)
            states = [r for r in queries.releases(view) if r.state is ReleaseState.LIVE]
            assert len(live) <= 1
            assert {r.id for r in states} == {d.request_id for d in live}
            assert {d.request_id for d in queries.deployments(view)} <= self.approved
            if live:
                self.live_stands_on_two_people(view, live[0])

    def live_stands_on_two_people(self, view, deployment):
        found = effective.live(view, "credit", "production")
        last = queries.rounds(view, deployment.request_id)[-1]
        people = {s.person_id for s in found.approvals}
        assert len(people) >= 2
        assert {s.area for s in found.approvals} >= {"operations", "compliance"}
        assert found.version.author_id not in people
        editors = {
            c.author_id
            for c in registry.queries.card_revisions(view, found.version.id)
            if c.created_at <= last.opened_at
        }
        assert not editors & people
        assert found.snapshot_digest == last.snapshot_digest

    @invariant()
    def one_vote_per_person_and_round(self):
        with self.b.store.reading() as view:
            for request in queries.releases(view):
                votes = Counter((s.round, s.person_id) for s in queries.signatures(view, request.id))
                assert not votes or max(votes.values()) == 1

    def teardown(self):
        with self.b.store.reading() as view:
            assert audit.verify(view).ok
            signed = list(audit.events(view, action="release.signed", limit=10_000))
            votes = [s for r in queries.releases(view) for s in queries.signatures(view, r.id)]
            assert len(signed) == len(votes), "an event for every vote and a vote for every event"
        self.b.store.close()


def test_no_history_breaks_the_invariants(empty_sqlite, tmp_path):
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Run", (Histories,), {"empty": empty_sqlite, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_whole_history_reaches_live(bench):
    """The machine above would pass if nothing ever went live; this says that its people can."""
    request = bench.request(bench.people["ana"], bench.version(bench.people["ana"], rows=60, strength=4.0))
    bench.sign(bench.people["max"], request, area="operations")
    assert bench.sign(bench.people["cora"], request, area="compliance") is ReleaseState.LIVE


@pytest.mark.parametrize("environments", [("production",), ("production", "staging")])
def test_signatures_at_once_release_exactly_once(any_bench, environments):
    """Duplicates, the author, a stale page and more people than the quorum asks, all at the same moment."""
    b = any_bench
    version = b.version(b.people["ana"])
    requests = [b.request(b.people["ana"], version, e) for e in environments]
    crowd = [b.people[n] for n in ("otto", "olga", "carl", "cora", "max", "bea", "ana", "otto", "carl")]
    ready = threading.Barrier(len(crowd) * len(requests))
    outcomes: list[tuple[str, object]] = []

    def go(actor: Actor, request: str, seen: str) -> None:
        ready.wait()
        try:
            ticket = b.ticket(actor, request, seen)
            area = min(actor.roles & {"operations", "compliance"}, default="operations")
            state = b.do(
                actor,
                releases.sign,
                request,
                area=area,
                meaning="approve",
                rationale=SAID,
                snapshot_digest=seen,
                ticket=ticket,
            )
            outcomes.append((request, state))
        except AvalError as error:
            outcomes.append((request, error.code))

    threads = [
        threading.Thread(target=go, args=(actor, request, b.snapshot(request) if i != 3 else "0" * 64))
        for request in requests
        for i, actor in enumerate(crowd)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(threads)
    for request, environment in zip(requests, environments, strict=True):
        states = [o for r, o in outcomes if r == request]
        assert states.count(ReleaseState.LIVE) == 1, states
        assert len(b.ask(queries.deployments, b.use_case.id, environment, only_live=True)) == 1
        people = [s.person_id for s in b.ask(queries.signatures, request)]
        assert len(people) == len(set(people))
        assert "per_ana" not in people
    assert b.ask(audit.verify).ok


def test_two_versions_approved_at_once_leave_one_live(any_bench):
    b = any_bench
    requests = [b.request(b.people["ana"], b.version(b.people["ana"], seed=i)) for i in range(3)]
    for request in requests:
        b.sign(b.people["otto"], request)
    ready = threading.Barrier(len(requests))
    wrong: list[BaseException] = []

    def go(request: str) -> None:
        seen = b.snapshot(request)
        ready.wait()
        try:
            b.do(b.people["carl"], releases.sign, request, area="compliance", meaning="approve", rationale=SAID, snapshot_digest=seen, ticket=b.ticket(b.people["carl"], request, seen))  # fmt: skip
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=go, args=(r,)) for r in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    states = sorted(b.ask(queries.release, r).state for r in requests)
    assert states == [ReleaseState.LIVE, ReleaseState.RETIRED, ReleaseState.RETIRED]
    assert len(b.ask(queries.deployments, b.use_case.id, "production")) == 3
