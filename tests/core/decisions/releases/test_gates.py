"""Gates judged from evidence, paired comparison, and policies as text."""

from decimal import Decimal
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score

from core.decisions.releases import paired, policies
from core.decisions.releases.gates import GATES, Comparison, GateKind, Measured, Reading, Rule, Verdict, judge
from core.errors import Invalid

SHIPPED = sorted(p.name for p in files("data").joinpath("policies").iterdir() if p.name.endswith(".toml"))


def test_every_kind_has_its_words():
    assert set(GATES) == set(GateKind)
    assert len({gate.name for gate in GATES.values()}) == len(GateKind)
    assert all(set(gate.needs) <= {"limit", "metric"} for gate in GATES.values())


@pytest.mark.parametrize("kind", GateKind)
@given(
    limit=st.none() | st.decimals(-1, 1, places=3),
    accepted=st.lists(st.sampled_from(["known", ""])),
    blocks=st.booleans(),
)
def test_evidence_that_does_not_exist_never_passes(kind, limit, accepted, blocks):
    rule = Rule(kind, limit, accepted=tuple(accepted), missing_blocks=blocks)
    found = judge(rule, Reading(reason="Nothing is kept."))
    assert (found.verdict, found.blocks) == (Verdict.NOT_AVAILABLE, blocks)
    assert found.reason == "Nothing is kept."


@given(holds=st.booleans(), blocks=st.booleans())
def test_a_yes_or_no_is_the_verdict_whatever_missing_evidence_would_do(holds, blocks):
    found = judge(Rule(GateKind.REPRODUCIBLE, missing_blocks=blocks), Reading(holds=holds))
    assert (found.verdict is Verdict.PASSED, found.blocks) == (holds, not holds)


@pytest.mark.parametrize(("by", "verdict"), [("value", Verdict.PASSED), ("low", Verdict.FAILED)])
def test_the_policy_chooses_which_end_of_the_interval_counts(by, verdict):
    rule = Rule(GateKind.METRIC_FLOOR, Decimal("0.7"), judge_by=by, metric="roc_auc")
    found = judge(rule, Reading(Measured(0.71, 0.69, 0.73, 900)))
    assert (found.verdict, found.measured, found.low, found.limit) == (verdict, 0.71, 0.69, 0.7)


@given(value=st.floats(-10, 10), limit=st.decimals(-10, 10, places=3))
def test_a_limit_divides_what_passes_from_what_fails(value, limit):
    found = {c: judge(Rule(GateKind.LATENCY, limit, c), Reading(Measured(value))) for c in Comparison}
    passed = {c for c, v in found.items() if v.verdict is Verdict.PASSED}
    assert passed >= {Comparison.AT_LEAST} if value >= float(limit) else passed == {Comparison.AT_MOST}
    assert all(v.blocks == (v.verdict is Verdict.FAILED) and v.unit == "ms" for v in found.values())


def test_a_word_passes_only_where_the_policy_accepts_it():
    rule = Rule(GateKind.ARTIFACT, accepted=("known", "reviewed"))
    assert judge(rule, Reading(said="known")).verdict is Verdict.PASSED
    assert judge(rule, Reading(said="review")).verdict is Verdict.FAILED


@pytest.mark.parametrize("seed", range(5))
def test_weighted_metrics_equal_the_metric_of_the_repeated_rows(seed):
    random = np.random.default_rng(seed)
    n = 300
    y, score = random.integers(0, 2, n), np.round(random.random(n), 1)  # rounded: many ties
    k, guess = random.integers(0, 4, n), random.integers(0, 4, n)
    v, w = random.normal(size=n), random.normal(size=n)
    draw = random.integers(0, n, n)
    weight = np.bincount(draw, minlength=n).astype(float)
    assert paired.roc_auc(y == 1, score)(weight) == pytest.approx(roc_auc_score(y[draw], score[draw]))
    assert paired.accuracy(k, guess)(weight) == pytest.approx(accuracy_score(k[draw], guess[draw]))
    assert paired.f1_macro(k, guess)(weight) == pytest.approx(f1_score(k[draw], guess[draw], average="macro"))
    assert paired.r2(v, w)(weight) == pytest.approx(r2_score(v[draw], w[draw]))


def test_pairing_sees_what_two_intervals_cannot():
    random = np.random.default_rng(1)
    y = random.random(3000) < 0.4
    champion = y * 0.8 + random.normal(size=3000)
    better = champion + y * 0.25
    a, b = paired.roc_auc(y, better), paired.roc_auc(y, champion)
    found = paired.paired_difference(a, b, 3000, draws=200, seed=3)
    assert found.low > 0
    assert found == paired.paired_difference(a, b, 3000, draws=200, seed=3)
    same = paired.paired_difference(b, b, 3000, draws=50, seed=3)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_intervals_of_different_rows_combine_and_say_so():
    found = paired.interval_difference(Measured(0.80, 0.77, 0.83, 400), Measured(0.78, 0.74, 0.82, 300))
    assert found.value == pytest.approx(0.02)
    assert (found.low, found.high) == (pytest.approx(0.02 - 0.05), pytest.approx(0.02 + 0.05))
    assert found.compared_by == "intervals"
    assert paired.interval_difference(Measured(0.8), Measured(0.7, 0.6, 0.8)) is None


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_reads_and_its_seal_reads_back(name):
    policy = policies.read(files("data").joinpath("policies", name).read_text())
    assert name == f"{policy.tier}-{policy.environment}.toml"
    assert set(policy.rules["binary"]) != set(policy.rules["regression"])
    for rules in policy.rules.values():
        assert {r.kind for r in rules} == set(GateKind)
        sealed = policies.thresholds(rules)
        assert policies.rules(sealed) == rules
        assert len(policies.thresholds_digest(sealed)) == 64


def test_every_tier_has_both_environments_and_production_asks_two_areas():
    assert len(SHIPPED) == 6
    for name in SHIPPED:
        policy = policies.read(files("data").joinpath("policies", name).read_text())
        if policy.environment == "production":
            assert policy.signatures >= 2
            assert policy.different_areas >= 2


GOOD = files("data").joinpath("policies", "low-production.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('tier = "low"', 'tier = "tiny"', "tier"),
        ("due_days = 10", "due_days = 0", "due_days"),
        ("due_days = 10", "due_days = true", "due_days"),
        ('areas = ["operations"]', 'areas = ["gossip"]', "quorum.areas"),
        ("[gates.latency]", "[gates.latenzy]", "gates.latenzy"),
        ("limit = 1000", 'limit = "fast"', "gates.latency.limit"),
        ('judge_by = "low"', 'judge_by = "mood"', "gates.champion.judge_by"),
        ("different_areas = 2", "different_areas = 3", "different_areas"),
        ('on_drift = "warn"', 'on_drift = "shrug"', "on_drift"),
    ],
)
def test_a_wrong_entry_is_named(old, new, field):
    assert old in GOOD
    with pytest.raises(Invalid) as wrong:
        policies.read(GOOD.replace(old, new))
    assert wrong.value.field == field


def test_text_that_is_not_toml_is_refused():
    with pytest.raises(Invalid):
        policies.read("a = = b")
