"""Many people sign at the same moment: each release goes live exactly once, or correctly not at all."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from core.decisions.releases import commands as releases
from core.decisions.releases import queries
from core.decisions.releases.states import ReleaseState
from core.errors import AvalError
from core.platform.store import Actor
from tests.core.decisions.conftest import SAID
from tests.core.decisions.releases.invariants import check, check_log

THREADS = 8
AREA = {
    "ana": "operations", "bea": "operations", "otto": "operations", "olga": "operations", "carl": "compliance",
    "cora": "compliance", "vera": "operations", "max": "operations",
}  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One signature as somebody sends it."""

    actor: Actor
    request: str
    area: str
    snapshot: str
    ticket: str
    on_behalf_of: str = ""
    may_count: bool = True


@pytest.fixture
def crowd(any_bench):
    """Otto has lent his seat to Vera, and Bea, who uploads some versions, hers to Vera's friend Max."""
    b = any_bench
    for giver, taker in (("otto", "vera"), ("bea", "max")):
        b.do(
            b.people[giver],
            releases.delegate,
            area="operations",
            to=f"per_{taker}",
            until=b.hands.now.replace(year=2027, month=1, day=10),
        )
    return b


def attempts(b, request, author, complete):
    """Eight signatures: duplicates, the author's, a lent seat's, a barred one's lent seat, a stale one, a forged one."""
    seen = b.snapshot(request)
    made = []

    def add(name, *, snapshot=seen, behalf="", may_count=True, holder=None, area=None):
        actor = b.people[name]
        made.append(
            Attempt(
                actor, request, area or AREA[name], snapshot, b.ticket(holder or actor, request, snapshot), behalf,
                may_count,
            )
        )  # fmt: skip

    add("otto")
    add("otto")
    add("vera", behalf="per_otto")
    add(author, may_count=False)
    add("max", behalf="per_bea", may_count=author != "bea")
    add("olga", snapshot="0" * 64, may_count=False)
    add("olga", holder=b.people["otto"], may_count=False)
    if complete:
        add("carl")
    else:
        add("carl", snapshot="f" * 64, may_count=False)
    return made


def race(b, count):
    """Send the attempts of `count` releases through eight threads in random order; return what became of them."""
    work, expected, authors = [], {}, {}
    for n in range(count):
        author = ("ana", "bea")[n % 2]
        version = b.version(b.people[author], rows=40, strength=6.0, seed=n)
        request = b.do(
            b.people["ana" if author == "ana" else "bea"],
            releases.request_release,
            version_id=version,
            environment="staging" if n % 3 == 0 else "production",
        )
        expected[request] = n % 5 != 4
        authors[request] = author
    b.judge()
    blocked = {
        r
        for r in expected
        if any(g.verdict.blocks for g in b.ask(queries.gates, b.ask(queries.rounds, r)[-1].id))
    }
    for request, complete in expected.items():
        work += attempts(b, request, authors[request], complete)
    random.Random(3).shuffle(work)
    ready = threading.Barrier(THREADS)
    started = threading.local()
    signed = []

    def send(one):
        if not hasattr(started, "yes"):
            started.yes = True
            ready.wait(30)
        try:
            state = b.do(
                one.actor, releases.sign, one.request, area=one.area, meaning="approve", rationale=SAID,
                snapshot_digest=one.snapshot, ticket=one.ticket, on_behalf_of=one.on_behalf_of,
            )  # fmt: skip
        except AvalError:
            return
        signed.append((one, state))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, work))
    return expected, blocked, signed


def hold(b, count):
    expected, blocked, signed = race(b, count)
    assert all(one.may_count for one, _ in signed), "a signature counted that must not"
    lived = Counter(one.request for one, state in signed if state is ReleaseState.LIVE)
    for request, complete in expected.items():
        asks_two = b.ask(queries.release, request).signatures >= 2
        should = request not in blocked and (complete or not asks_two)
        assert lived[request] == int(should), (request, complete, lived[request])
        deployed = [d for d in b.ask(queries.deployments) if d.request_id == request]
        assert len(deployed) == int(should)
        voices = [s.on_behalf_of or s.person_id for s in b.ask(queries.signatures, request)]
        assert len(voices) == len(set(voices)), "one seat spoke twice"
    with b.store.reading() as view:
        check(view, b.use_case, b.hands.now)
        check_log(view)
    assert sum(lived.values()) > 0
    return sum(lived.values())


def test_each_is_released_once_or_correctly_not(crowd):
    hold(crowd, 10)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_releases_by_eight_threads(crowd):
    print(hold(crowd, 300), "of 300 went live")


def test_two_versions_approved_at_once_leave_one_live(any_bench):
    b = any_bench
    requests = [b.request(b.people["ana"], b.version(b.people["ana"], seed=i)) for i in range(3)]
    for request in requests:
        b.sign(b.people["otto"], request)
    ready = threading.Barrier(len(requests))
    wrong: list[BaseException] = []

    def go(request: str) -> None:
        seen = b.snapshot(request)
        ticket = b.ticket(b.people["carl"], request, seen)
        ready.wait()
        try:
            b.do(b.people["carl"], releases.sign, request, area="compliance", meaning="approve", rationale=SAID, snapshot_digest=seen, ticket=ticket)  # fmt: skip
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
