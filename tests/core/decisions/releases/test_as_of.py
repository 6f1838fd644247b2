"""Any moment: what was live, under which decision, policy and evidence, as known then."""

from datetime import timedelta

from core.decisions.releases import as_of, work
from core.decisions.releases import commands as releases
from core.decisions.releases.standing import FactKind, Worth
from core.decisions.releases.tables import GateRow


def approve(bench, strength: float) -> tuple[str, str]:
    version = bench.version(bench.people["ana"], strength=strength)
    release = bench.request(bench.people["bea"], version)
    for name in ("otto", "carl"):
        bench.sign(bench.people[name], release)
    return version, release


def test_each_moment_has_its_own_answer(any_bench) -> None:
    bench = any_bench
    slug, at = bench.use_case.slug, {}
    at["before"] = bench.hands.now
    first, first_release = approve(bench, 1.5)
    at["first"] = bench.hands.now
    bench.hands.forward(days=3)
    second, second_release = approve(bench, 3.0)
    at["second"] = bench.hands.now
    bench.hands.forward(days=1)
    bench.do(
        bench.people["olga"],
        releases.roll_back,
        slug=slug,
        environment="production",
        reason="Complaints from branches.",
    )
    at["back"] = bench.hands.now
    bench.hands.forward(days=1)
    bench.do(
        bench.people["olga"],
        releases.retire,
        slug=slug,
        environment="production",
        reason="The product has ended now.",
    )
    at["after"] = bench.hands.now

    found = {name: bench.ask(as_of.state, slug, "production", moment) for name, moment in at.items()}
    assert {name: each and each.version.id for name, each in found.items()} == {
        "before": None, "first": first, "second": second, "back": first, "after": None,
    }  # fmt: skip
    assert (found["first"].release.id, found["second"].release.id) == (first_release, second_release)
    assert [s.person_id for s in found["first"].signatures] == ["per_otto", "per_carl"]
    assert found["first"].policy.environment == "production"
    assert found["first"].snapshot_digest != found["second"].snapshot_digest
    assert found["first"].evaluation.version_id == first
    assert found["first"].gates
    assert found["first"].valid
    assert [f.version.id for f in bench.ask(as_of.everywhere, at["second"])] == [second]
    assert bench.ask(as_of.states, slug, at["before"]) == {}


def test_the_moment_of_the_swap_belongs_to_the_new_one_and_an_expired_approval_says_so(bench) -> None:
    first, _release = approve(bench, 1.5)
    second, _other = approve(bench, 3.0)
    slug = bench.use_case.slug
    swap = bench.hands.now
    assert bench.ask(as_of.state, slug, "production", swap).version.id == second
    assert bench.ask(as_of.state, slug, "production", swap - timedelta(microseconds=1)).version.id == first
    assert not bench.ask(as_of.state, slug, "production", swap + timedelta(days=4_000)).valid


def test_checks_run_again_later_do_not_hide_what_was_known_then(bench) -> None:
    approve(bench, 1.5)
    then = bench.hands.now
    with bench.store.engine.begin() as connection:
        table = GateRow.__table__
        rows = [dict(r._mapping) for r in connection.execute(table.select())]
        later = [
            {**r, "id": f"{r['id']}b", "run": 2, "blocks": True, "judged_at": then + timedelta(days=2)}
            for r in rows
        ]
        connection.execute(table.insert(), later)
    found = bench.ask(as_of.state, bench.use_case.slug, "production", then)
    assert found.gates
    assert not any(g.verdict.blocks for g in found.gates)
    after = bench.ask(as_of.state, bench.use_case.slug, "production", then + timedelta(days=3))
    assert all(g.verdict.blocks for g in after.gates)


def test_what_it_was_worth_on_a_day_is_what_was_written_down_by_then(any_bench) -> None:
    b = any_bench
    approve(b, 1.5)
    good = b.hands.now
    expires = b.live().release.expires_at
    b.hands.now = expires + timedelta(hours=1)
    work.sweep(b.store)
    for at, worth, reasons in (
        (good, Worth.GOOD, ()),
        (b.hands.now, Worth.SUSPENDED, (FactKind.APPROVAL_EXPIRED,)),
    ):
        found = b.ask(as_of.state, b.use_case.slug, "production", at)
        assert (found.worth, found.reasons) == (worth, reasons)
