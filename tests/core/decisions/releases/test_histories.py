"""Random histories: none of the ten invariants is ever broken, on both engines, by commands or over REST."""

from contextlib import suppress
from datetime import timedelta

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from starlette.testclient import TestClient

from app import wiring
from app.addresses import Addresses
from app.api import emergencies
from app.api import releases as routes
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import commands as releases
from core.decisions.releases import facts, pledges, queries, work
from core.decisions.releases.promises import Promise
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.snapshot import digest
from core.decisions.releases.states import ReleaseState
from core.errors import AvalError
from core.platform.access import commands as access
from core.platform.store import SYSTEM, Actor
from tests.conftest import Hands, open_sqlite
from tests.core.decisions.conftest import SAID, bench_on
from tests.core.decisions.releases.invariants import check, check_log

NAMES = ("ana", "bea", "otto", "olga", "carl", "cora", "vera", "max")
AREAS = ("operations", "compliance", "validator")
names = st.sampled_from(NAMES)
APPROVE = (Meaning.APPROVE,) * 6


class Refusal(Exception):
    """What the other side said no to."""


class ByCommand:
    """Everybody calls the commands."""

    def __init__(self, bench):
        self.b = bench

    def do(self, name, command, *args, **kwargs):
        actor = self.b.people.get(name, name)
        try:
            return self.b.do(actor, command, *args, **kwargs)
        except AvalError as error:
            raise Refusal(error.code) from error

    def request(self, name, version):
        return self.do(name, releases.request_release, version_id=version, environment="production")

    def sign(self, name, request, *, conditions=(), ticket, snapshot, **vote):
        return self.do(
            name,
            releases.sign,
            request,
            ticket=ticket,
            snapshot_digest=snapshot,
            conditions=conditions,
            **vote,
        )

    def withdraw(self, name, request):
        self.do(name, releases.withdraw, request)

    def resubmit(self, name, request):
        self.do(name, releases.resubmit, request)

    def roll_back(self, name):
        self.do(name, releases.roll_back, slug="credit", environment="production", reason=SAID)

    def retire(self, name):
        self.do(name, releases.retire, slug="credit", environment="production", reason=SAID)

    def break_glass(self, name, version, reviewer, ticket):
        self.do(name, releases.break_glass, version_id=version, environment="production", reason=SAID, reviewer_id=reviewer, ticket=ticket)  # fmt: skip

    def pay(self, name, debt, upheld, ticket):
        self.do(name, releases.review_emergency, debt, upheld=upheld, finding=SAID, ticket=ticket)

    def lend(self, name, area, to, until):
        self.do(name, releases.delegate, area=area, to=to, until=until)

    def close(self):
        pass


class OverRest(ByCommand):
    """Everybody calls the REST interface, behind its guard, with a token of their own; one is a program."""

    def __init__(self, bench):
        super().__init__(bench)
        with bench.store.unit_of_work(SYSTEM) as uow:
            access.claim_house(uow, "own")
        application = FastAPI()
        for router in (routes.router, emergencies.router):
            application.include_router(router, prefix="/api/v1")
        answer_with_problems(application)
        guarded = Guard(application, Doors(bench.store), Addresses.of(bench.store.settings))
        self.client = TestClient(guarded, base_url="http://127.0.0.1:8501")
        self.tokens = {}
        for name, person in bench.people.items():
            with bench.store.unit_of_work(person) as uow:
                _id, self.tokens[name] = access.create_token(
                    uow, label="t", roles=sorted(person.roles), expires_at=uow.now + timedelta(days=300)
                )

    def post(self, name, path, body=None):
        answer = self.client.post(
            f"/api/v1/{path}", json=body, headers={"authorization": f"Bearer {self.tokens[name]}"}
        )
        assert answer.status_code < 500, answer.text
        if not answer.is_success:
            raise Refusal(answer.json()["code"])
        return answer.json()

    def number(self, version):
        return self.b.ask(registered.version, version).number

    def request(self, name, version):
        body = {"use_case": "credit", "version": self.number(version)}
        return self.post(name, "releases", body)["id"]

    def sign(self, name, request, *, conditions=(), ticket, snapshot, **vote):
        body = {**vote, "meaning": vote["meaning"].value, "snapshot": snapshot, "ticket": ticket}
        body["conditions"] = [
            {"text": c.text, "owner": c.owner_id, "due_at": c.due_at.isoformat()} for c in conditions
        ]
        return ReleaseState(self.post(name, f"releases/{request}/votes", body)["state"])

    def withdraw(self, name, request):
        self.post(name, f"releases/{request}/withdraw")

    def resubmit(self, name, request):
        self.post(name, f"releases/{request}/rounds")

    def roll_back(self, name):
        self.post(name, "live/credit/production/roll-back", {"reason": SAID})

    def retire(self, name):
        self.post(name, "live/credit/production/retire", {"reason": SAID})

    def break_glass(self, name, version, reviewer, ticket):
        body = {"use_case": "credit", "version": self.number(version), "reason": SAID, "reviewer": reviewer}
        self.post(name, "emergencies", {**body, "ticket": ticket})

    def pay(self, name, debt, upheld, ticket):
        self.post(name, f"debts/{debt}/review", {"upheld": upheld, "finding": SAID, "ticket": ticket})

    def lend(self, name, area, to, until):
        self.post(name, "delegations", {"area": area, "to": to, "until": until.isoformat()})

    def close(self):
        self.client.close()


class Histories(RuleBasedStateMachine):
    """People request, sign, lend, send back, edit, break the glass and roll back in any order, as time goes by."""

    versions = Bundle("versions")
    requests = Bundle("requests")
    hand = ByCommand
    lives = emergencies = 0

    @staticmethod
    def opened(hands):
        raise NotImplementedError

    def __init__(self):
        super().__init__()
        self.hands = Hands()
        self.store, self.closing = self.opened(self.hands)
        self.b = bench_on(self.store, self.hands)
        wiring._process_store = lambda: self.store  # the routes of this process read the same store
        self.other = self.hand(self.b)
        self.seeds = 0

    def attempt(self, call, *args, **kwargs):
        self.hands.forward(seconds=1)
        with suppress(Refusal):
            return call(*args, **kwargs)
        return None

    @initialize(target=versions)
    def first(self):
        return self.b.version(self.b.people["ana"], rows=60, strength=4.0)

    @rule(target=versions, author=st.sampled_from(("ana", "bea")))
    def submit(self, author):
        self.seeds += 1
        return self.b.version(self.b.people[author], rows=60, strength=4.0, seed=self.seeds)

    @rule(
        target=requests,
        name=st.sampled_from(("ana", "bea", "ana", "bea", *NAMES)),
        version=versions,
        judge=st.booleans(),
    )
    def request(self, name, version, judge):
        found = self.attempt(self.other.request, name, version)
        if judge:
            self.b.judge()
        return found or multiple()

    @rule(
        name=names,
        request=requests,
        area=st.sampled_from(AREAS),
        meaning=st.sampled_from(list(Meaning) + list(APPROVE)),
        stale=st.integers(0, 9),
        behalf=st.sampled_from(("", "", "", *NAMES)),
        forged=st.integers(0, 9),
    )
    def sign(self, name, request, area, meaning, stale, behalf, forged):
        try:
            seen = "0" * 64 if stale == 0 else self.b.snapshot(request)
        except IndexError:
            return
        ticket = self.b.ticket(self.b.people[NAMES[0] if forged == 0 else name], request, seen)
        asked = ()
        if meaning is Meaning.APPROVE_WITH_CONDITIONS:
            asked = (Promise("Report to the board.", "per_otto", self.hands.now + timedelta(days=3)),)
        after = self.attempt(
            self.other.sign, name, request, area=area, meaning=meaning, rationale=SAID, snapshot=seen,
            ticket=ticket, conditions=asked, on_behalf_of=f"per_{behalf}" if behalf else "",
        )  # fmt: skip
        if after is not None:
            assert stale != 0, "a stale snapshot was signed"
            assert forged != 0 or name == NAMES[0], "another person's ticket was taken"
            type(self).lives += after is ReleaseState.LIVE

    @rule(
        request=requests,
        operations=st.sampled_from(("otto", "olga", "max")),
        compliance=st.sampled_from(("carl", "cora", "max")),
    )
    def agree(self, request, operations, compliance):
        """Both areas approve what they see: chance alone hardly ever brings the two signatures together."""
        self.b.judge()
        for name, area in ((operations, "operations"), (compliance, "compliance")):
            self.sign(name, request, area, Meaning.APPROVE, stale=1, behalf="", forged=1)

    @rule(request=requests)
    def a_program_tries(self, request):
        with suppress(IndexError):
            seen = self.b.snapshot(request)
            program = Actor("tok_ci", "service", frozenset({"operations", "compliance"}), "api")
            with pytest.raises(AvalError):
                self.b.do(program, releases.sign, request, area="operations", meaning=Meaning.APPROVE, rationale=SAID, snapshot_digest=seen, ticket="x")  # fmt: skip

    @rule()
    def judge(self):
        self.b.judge()

    @rule(name=names, request=requests)
    def withdraw(self, name, request):
        self.attempt(self.other.withdraw, name, request)

    @rule(name=names, request=requests)
    def resubmit(self, name, request):
        self.attempt(self.other.resubmit, name, request)

    @rule(name=st.sampled_from(("ana", "bea")), version=versions, text=st.text("ab", min_size=1, max_size=3))
    def edit_card(self, name, version, text):
        with suppress(AvalError):
            self.b.do(self.b.people[name], registry.edit_card, version, {"use.out_of_scope": text})

    @rule(name=names, version=versions)
    def open_finding(self, name, version):
        due = self.hands.now + timedelta(days=9)
        with suppress(AvalError):
            self.b.do(self.b.people[name], findings.open_finding, version_id=version, title="t", text="", severity=Severity.HIGH, owner_id="per_ana", due_at=due)  # fmt: skip

    @rule(name=names, area=st.sampled_from(AREAS), to=names)
    def lend(self, name, area, to):
        self.attempt(self.other.lend, name, area, f"per_{to}", self.hands.now + timedelta(days=2))

    @rule(name=names, version=versions, reviewer=names)
    def break_glass(self, name, version, reviewer):
        with self.store.reading() as view:
            seen = digest(facts.snapshot(view, registered.version(view, version), "production"))
        ticket = self.b.ticket(self.b.people[name], f"emergency:{version}:production", seen)
        self.attempt(self.other.break_glass, name, version, f"per_{reviewer}", ticket)
        type(self).emergencies += bool(self.b.ask(pledges.debts))

    @rule(name=names, upheld=st.booleans())
    def pay(self, name, upheld):
        owed = self.b.ask(pledges.debts)
        if owed:
            ticket = self.b.ticket(self.b.people[name], owed[0].id, self.b.snapshot(owed[0].request_id))
            self.attempt(self.other.pay, name, owed[0].id, upheld, ticket)

    @rule(name=names)
    def roll_back(self, name):
        self.attempt(self.other.roll_back, name)

    @rule(name=names)
    def retire(self, name):
        self.attempt(self.other.retire, name)

    @rule(days=st.sampled_from((0, 1, 4, 11)))
    def time_goes_by(self, days):
        self.hands.forward(days=days, seconds=1)
        work.sweep(self.store)

    @invariant()
    def the_invariants_hold(self):
        with self.store.reading() as view:
            check(view, self.b.use_case, self.hands.now)

    def teardown(self):
        with self.store.reading() as view:
            check_log(view)
        self.other.close()
        self.closing()


@pytest.fixture
def stores(request, empty_sqlite, tmp_path):
    """Open an empty store of one engine for each history."""
    count = 0

    def sqlite(hands):
        nonlocal count
        count += 1
        store = open_sqlite(empty_sqlite, tmp_path / str(count), hands)
        return store, store.close

    def make(engine):
        if engine == "sqlite":
            return sqlite
        template = request.getfixturevalue("postgres_template")
        server = request.getfixturevalue("postgres_server")

        def postgres(hands):

            from tests.conftest import postgres_clone

            opening = postgres_clone(server, template, tmp_path, hands)
            store = opening.__enter__()
            return store, lambda: opening.__exit__(None, None, None)

        return postgres

    return make


def histories(monkeypatch, opened, hand, examples, steps):
    monkeypatch.setattr(wiring, "_process_store", wiring._process_store)  # put back afterwards
    machine = type("Run", (Histories,), {"opened": staticmethod(opened), "hand": hand})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return machine


ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
HANDS = [ByCommand, OverRest]


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_no_history_breaks_the_invariants(monkeypatch, stores, engine, hand):
    examples = 6 if engine == "sqlite" else 2
    histories(monkeypatch, stores(engine), hand, examples, 25)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_no_long_history_breaks_the_invariants(monkeypatch, stores, engine, hand):
    found = histories(monkeypatch, stores(engine), hand, 150, 50)
    print(f"{engine}, {hand.__name__}: live {found.lives}, emergencies {found.emergencies}")
    assert found.lives > 0
    assert found.emergencies > 0


def test_a_whole_history_reaches_live(bench):
    """The machine above would pass if nothing ever went live; this says that its people can."""
    request = bench.request(bench.people["ana"], bench.version(bench.people["ana"], rows=60, strength=4.0))
    bench.sign(bench.people["max"], request, area="operations")
    assert bench.sign(bench.people["cora"], request, area="compliance") is ReleaseState.LIVE
    with bench.store.reading() as view:
        check(view, bench.use_case, bench.hands.now)
        check_log(view)
    assert bench.ask(queries.release, request).state is ReleaseState.LIVE
