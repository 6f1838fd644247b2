"""Gates judged from evidence, paired comparison, and policies as text."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score

from core.decisions.releases import paired, policies
from core.decisions.releases.gates import Comparison, Evidence, GateKind, Measured, Rule, Verdict, judge
from core.errors import Invalid

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHIPPED = sorted(p.name for p in files("data").joinpath("policies").iterdir() if p.name.endswith(".toml"))
ALL = [
    Rule(GateKind.SEALED),
    Rule(GateKind.ARTIFACT, accepted=("known",)),
    Rule(GateKind.REPRODUCIBLE),
    Rule(GateKind.METRIC_FLOOR, Decimal("0.7"), metric="roc_auc"),
    Rule(GateKind.CHAMPION, Decimal("-0.01"), metric="roc_auc"),
    Rule(GateKind.LATENCY, Decimal(200), Comparison.AT_MOST),
    Rule(GateKind.EXPLANATION, Decimal("1e-5"), Comparison.AT_MOST),
    Rule(GateKind.CARD, Decimal("0.8")),
    Rule(GateKind.LAWFUL_BASIS),
    Rule(GateKind.FINDINGS, Decimal(0), Comparison.AT_MOST),
]


def test_every_gate_is_judged_here():
    assert {r.kind for r in ALL} == set(GateKind)


def test_without_evidence_nothing_that_needs_it_passes():
    for rule in ALL:
        found = judge(rule, Evidence())
        if rule.kind is GateKind.FINDINGS:
            assert found.verdict is Verdict.PASSED
        elif rule.kind in {GateKind.SEALED, GateKind.LAWFUL_BASIS}:
            assert found.verdict is Verdict.FAILED
            assert found.blocks
        else:
            assert found.verdict is Verdict.NOT_AVAILABLE
            assert found.reason
            assert found.blocks


def test_missing_evidence_blocks_only_where_the_policy_says():
    found = judge(Rule(GateKind.CHAMPION, Decimal(0), metric="r2", missing_blocks=False), Evidence())
    assert (found.verdict, found.blocks) == (Verdict.NOT_AVAILABLE, False)


def test_thresholds_sealed_after_the_start_fail():
    rule = Rule(GateKind.SEALED)
    for shift, verdict in ((-1, Verdict.PASSED), (0, Verdict.FAILED), (1, Verdict.FAILED)):
        e = Evidence(sealed_at=NOW + timedelta(seconds=shift), evaluation_started_at=NOW)
        assert judge(rule, e).verdict is verdict


@pytest.mark.parametrize(("by", "verdict"), [("value", Verdict.PASSED), ("low", Verdict.FAILED)])
def test_the_policy_chooses_which_end_of_the_interval_counts(by, verdict):
    rule = Rule(GateKind.METRIC_FLOOR, Decimal("0.7"), judge_by=by, metric="roc_auc")
    found = judge(rule, Evidence(metrics={"roc_auc": Measured(0.71, 0.69, 0.73, 900)}))
    assert (found.verdict, found.measured, found.low, found.limit) == (verdict, 0.71, 0.69, 0.7)


def test_an_upper_limit_and_a_word_that_is_not_accepted():
    assert judge(ALL[5], Evidence(latency_p95_ms=200.1)).verdict is Verdict.FAILED
    assert judge(ALL[5], Evidence(latency_p95_ms=200.0)).verdict is Verdict.PASSED
    assert judge(ALL[1], Evidence(verdict="review")).verdict is Verdict.FAILED
    assert judge(ALL[9], Evidence(blocking_findings=1)).verdict is Verdict.FAILED


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
