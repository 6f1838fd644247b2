"""A draft: errors at their line, differences that rebuild the text, and who would pass under it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assets.registry import RiskTier
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import policies
from core.decisions.releases.book import before, book
from core.decisions.releases.drafting import (
    CONTEXT,
    Mark,
    difference,
    line_of,
    line_of_problem,
    next_version,
    with_version,
)
from core.decisions.releases.preview import foresee
from core.decisions.releases.publishing import publish_policy
from core.decisions.releases.queries import policies_of
from core.errors import Conflict, Invalid, Refused
from tests.core.decisions.conftest import bench_on

SHIPPED = files("data").joinpath("policies", "limited-production.toml").read_text(encoding="utf-8")


def problem(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        policies.read(text)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('tier = "limited"', 'tier = "grave"', 'tier = "grave"'),
        ("due_days = 7", 'due_days = "soon"', "due_days"),
        ("[gates.reproducible]", '[gates.reproducible]\nlimit = "much"', "limit"),
        ('areas = ["compliance"', 'areas = ["kitchen"', 'areas = ["kitchen"'),
        ("[gates.latency]", "[gates.speed]", "[gates.speed]"),
        ("different_areas = 2", "different_areas = 9", "different_areas = 9"),
    ],
)
def test_an_error_is_shown_at_its_line(old, new, wanted):
    assert old in SHIPPED
    text = SHIPPED.replace(old, new, 1)
    found = problem(text)
    line = line_of(text, found.field)
    assert line is not None
    assert text.splitlines()[line - 1].startswith(wanted.split(" ")[0])


def test_text_that_is_no_toml_is_shown_at_its_line():
    lines = SHIPPED.splitlines()
    lines[7] = "this is not toml"
    assert line_of_problem(problem("\n".join(lines)).text()) == 8


def test_a_missing_entry_has_no_line():
    text = SHIPPED.replace("approval_days", "approval_daze")
    assert line_of(text, problem(text).field) is None


@given(
    st.lists(st.sampled_from(["a = 1", "b = 2", "[c]", "", "# d"]), max_size=30),
    st.lists(st.sampled_from(["a = 1", "b = 3", "[c]", "", "# e"]), max_size=30),
)
def test_a_difference_names_every_line_that_went_or_came(old, new):
    lines = difference("\n".join(old), "\n".join(new))
    gone = [(line.number, line.text) for line in lines if line.mark is Mark.GONE]
    came = [(line.number, line.text) for line in lines if line.mark is Mark.NEW]
    assert all("\n".join(old).splitlines()[n - 1] == text for n, text in gone)
    assert all("\n".join(new).splitlines()[n - 1] == text for n, text in came)
    kept_old = [t for n, t in enumerate("\n".join(old).splitlines(), 1) if (n, t) not in gone]
    kept_new = [t for n, t in enumerate("\n".join(new).splitlines(), 1) if (n, t) not in came]
    assert kept_old == kept_new
    run = 0
    for line in lines:
        run = run + 1 if line.mark is Mark.SAME else 0
        assert run <= 2 * CONTEXT


@pytest.mark.parametrize(
    ("version", "following"),
    [("2026.1", "2026.2"), ("2026.9", "2026.10"), ("first", "first.2"), ("v7", "v8")],
)
def test_the_next_version_is_one_higher(version, following):
    assert next_version(version) == following
    assert policies.read(with_version(SHIPPED, following)).version == following


@pytest.fixture
def bench(store, hands):
    return bench_on(store, hands, RiskTier.LIMITED)


def draft_of(**changes) -> policies.Policy:
    """The shipped policy with other gates: `latency=0.1` replaces that gate's limit."""
    policy = policies.read(with_version(SHIPPED, "2026.99"))
    rules = {
        task: tuple(
            replace(r, limit=Decimal(str(changes[r.kind.value]))) if r.kind.value in changes else r
            for r in those
        )
        for task, those in policy.rules.items()
    }
    return replace(policy, rules=rules)


def look(bench, draft):
    def asked(view):
        present = {(p.tier, p.environment): p for p in policies_of(view)}[draft.tier, draft.environment]
        return foresee(view, bench.store.files, draft, present, bench.hands.now)

    return bench.ask(asked)


def test_nobody_of_the_tier_means_nobody_is_touched(bench):
    assert look(bench, draft_of()) == ((), 0)


def test_a_stricter_gate_turns_the_answer_and_says_which(bench):
    bench.version(bench.people["ana"])
    (same,), _ = look(bench, draft_of())
    (stricter,), _ = look(bench, draft_of(latency="0.01"))
    assert same.passes_now == same.passes_then
    assert not same.changes
    blocks = {v.kind.value for v in stricter.then if v.blocks}
    assert "latency" in blocks
    assert "latency" not in {v.kind.value for v in stricter.now if v.blocks}
    assert "sealed" not in {v.kind.value for v in stricter.then}


def test_a_finding_is_counted_by_the_severity_that_the_draft_names(bench):
    version = bench.version(bench.people["ana"])
    bench.do(
        bench.people["otto"], findings.open_finding, version_id=version, text="", severity=Severity.LOW,
        title="Not checked on young people", owner_id="per_otto", due_at=bench.hands.now + timedelta(days=9),
    )  # fmt: skip
    lenient, strict = draft_of(), draft_of()
    rules = {
        task: tuple(replace(r, accepted=("low",)) if r.kind.value == "findings" else r for r in those)
        for task, those in strict.rules.items()
    }
    (calm,), _ = look(bench, lenient)
    (stern,), _ = look(bench, replace(strict, rules=rules))
    assert "findings" not in {v.kind.value for v in calm.then if v.blocks}
    assert "findings" in {v.kind.value for v in stern.then if v.blocks}


def test_published_is_published(bench):
    carl = bench.people["carl"]
    text = with_version(SHIPPED, "2026.2")
    with pytest.raises(Refused):
        bench.do(bench.people["ana"], publish_policy, text)
    bench.hands.forward(seconds=1)
    made = bench.do(carl, publish_policy, text)
    pages = bench.ask(book)
    found = next(p for p in pages if p.digest == made.digest)
    older = before(pages, found)
    assert (found.in_force, older.in_force, older.version) == (True, False, "2026.1")
    assert before(pages, older) is None
    with pytest.raises(Conflict):
        bench.do(carl, publish_policy, text + "\n# the same version again")
