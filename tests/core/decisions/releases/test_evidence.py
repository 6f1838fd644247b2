"""What each gate reads of a version in the store, from nothing there to everything there."""

from datetime import timedelta
from importlib.resources import files

import pytest

from app.wiring import open_store
from core.assets.intake.tables import EvaluationRow
from core.assets.registry.tables import VersionRow
from core.decisions.releases import evidence, policies
from core.decisions.releases.gates import GateKind, Reading, Rule, Verdict, judge
from core.settings import Settings

UNKNOWN_BEFORE = {  # an evaluation, an explanation or a champion would be needed
    GateKind.SEALED, GateKind.REPRODUCIBLE, GateKind.METRIC_FLOOR, GateKind.CHAMPION, GateKind.LATENCY, GateKind.EXPLANATION,
}  # fmt: skip


def read_all(b, version):
    with b.store.reading() as view:
        about = evidence.subject(view, version, "production", b.store.clock())
        begun = evidence.read(view, about, about.sealed.rules)
    found = evidence.finish(begun, b.store.files)
    return {rule.kind: (rule, reading) for rule, reading in zip(about.sealed.rules, found, strict=True)}


def forget_evaluation(b, version):
    with b.store.engine.begin() as connection:
        table = EvaluationRow.__table__
        connection.execute(table.delete().where(table.c.version_id == version))


def test_every_gate_has_a_reader_or_one_that_the_composition_root_provides(tmp_path):
    open_store(Settings(folder=str(tmp_path))).close()
    assert set(evidence.READERS) | set(evidence._PROVIDED) == set(GateKind)


def test_without_evidence_every_reader_says_why(bench):
    version = bench.version(bench.people["ana"])
    forget_evaluation(bench, version)
    found = read_all(bench, version)
    for kind in UNKNOWN_BEFORE:
        rule, reading = found[kind]
        assert judge(rule, reading).verdict is Verdict.NOT_AVAILABLE
        assert reading.reason
    assert all(reading.evidence[1] for _rule, reading in found.values())


@pytest.mark.parametrize(
    ("shift", "verdict"), [(1, Verdict.PASSED), (0, Verdict.FAILED), (-1, Verdict.FAILED)]
)
def test_thresholds_must_be_sealed_before_the_evaluation_starts(bench, shift, verdict):
    version = bench.version(bench.people["ana"])
    with bench.store.reading() as view:
        sealed_at = evidence.subject(view, version, "production", bench.store.clock()).sealed.sealed_at
    with bench.store.engine.begin() as connection:
        table = EvaluationRow.__table__
        moved = table.update().where(table.c.version_id == version)
        connection.execute(moved.values(started_at=sealed_at + timedelta(seconds=shift)))
    rule, reading = read_all(bench, version)[GateKind.SEALED]
    assert judge(rule, reading).verdict is verdict


def test_a_later_wing_provides_its_own_reader(bench, monkeypatch):
    version = bench.version(bench.people["ana"])
    monkeypatch.setattr(evidence, "READERS", {})
    monkeypatch.setattr(evidence, "_PROVIDED", {})
    rule = Rule(GateKind.CARD)
    with bench.store.reading() as view:
        about = evidence.subject(view, version, "production", bench.store.clock())
        (unread,) = evidence.read(view, about, (rule,))
        evidence.provide(
            GateKind.CARD, lambda _s, a, _r: lambda _files: Reading(holds=a.version.id == version)
        )
        (begun,) = evidence.read(view, about, (rule,))
    assert judge(rule, unread).verdict is Verdict.NOT_AVAILABLE
    (done,) = evidence.finish([begun], bench.store.files)
    assert judge(rule, done).verdict is Verdict.PASSED


UNSEEN = (GateKind.ARTIFACT, GateKind.REPRODUCIBLE, GateKind.LATENCY)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("low-staging", False),
        ("low-production", False),
        ("limited-staging", False),
        ("limited-production", False),
        ("high-staging", True),
        ("high-production", True),
    ],
)
def test_a_model_of_which_there_are_only_scores_is_judged_on_what_there_is(bench, name, blocks):
    """What cannot be seen never reads as passed; the policy of the tier says whether the rest is enough."""
    version = bench.version(bench.people["ana"])
    with bench.store.engine.begin() as connection:
        table = VersionRow.__table__
        connection.execute(table.update().where(table.c.id == version).values(verdict="evidence"))
    text = files("data").joinpath(f"policies/{name}.toml").read_text(encoding="utf-8")
    rules = policies.read(text).rules["binary"]
    with bench.store.reading() as view:
        about = evidence.subject(view, version, "production", bench.store.clock())
        begun = evidence.read(view, about, rules)
    found = dict(
        zip(
            (r.kind for r in rules), map(judge, rules, evidence.finish(begun, bench.store.files)), strict=True
        )
    )
    for kind in UNSEEN:
        assert (found[kind].verdict, found[kind].blocks) == (Verdict.NOT_AVAILABLE, blocks), kind
        assert found[kind].reason
    assert found[GateKind.METRIC_FLOOR].verdict is Verdict.PASSED
    assert found[GateKind.METRIC_FLOOR].measured is not None
