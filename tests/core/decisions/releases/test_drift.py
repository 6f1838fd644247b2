"""Drift and releases: what monitoring finds takes an approval's standing and gives it back; the gate before a release."""

import numpy as np
import pandas as pd
import pytest
from sqlmodel import select

from core.assets.datasets import reading, schema
from core.assets.datasets.tables import DatasetRow
from core.assets.intake import queries as intake
from core.assets.intake.tables import EvaluationRow
from core.assets.registry import queries as registry
from core.assets.registry.tables import VersionRow
from core.assets.registry.version import Signature
from core.decisions.releases import evidence, work
from core.decisions.releases.champion import Contender
from core.decisions.releases.gates import Comparison, GateKind, Rule, Verdict, judge
from core.decisions.releases.standing import FactKind, Worth
from core.evidence.alerts import commands as alerts
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.releases.test_perishable import go_live
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent

RULE = Rule(GateKind.DRIFT, limit="0.2", comparison=Comparison.AT_MOST, missing_blocks=False)


def watched(b, version: str) -> Watched:
    """Give a released version real evaluation data, so that its predictions can be compared."""
    rows = credit(400)
    features = rows[["income", "debt", "channel", "returning"]]
    digest = b.store.files.put_bytes(reading.to_parquet(rows)).digest
    with b.store.unit_of_work(SYSTEM) as uow:
        uow.session.add(
            DatasetRow(
                id="ds_real", digest=digest, source_digest=digest, name="d", rows=400,
                columns=[c.to_json() for c in schema.infer(rows)], protected=[], personal=[], lawful_basis="contract",
                created_by="per_ana", created_at=uow.now,
            )
        )  # fmt: skip
        row = uow.session.exec(select(VersionRow).where(VersionRow.id == version)).one()
        row.dataset_id = "ds_real"
        row.signature = Signature(schema.infer(features), "probability", ("0", "1")).to_json()
        row.positive_label = "1"
        said = pd.DataFrame(
            {
                "row": range(400),
                "label": rows["default"],
                "prediction": (rows["probability"] > 0.5).astype(int),
            }
        ).assign(probability=rows["probability"])
        held = uow.session.exec(select(EvaluationRow).where(EvaluationRow.version_id == version)).one()
        held.predictions_digest = b.store.files.put_bytes(reading.to_parquet(said)).digest
        uow.record("version.described", "version", version)
    sender = Actor("per_sender", "person", frozenset({"data_scientist"}))
    return Watched(b.store, version, b.use_case.id, "credit", sender, rows)


def test_drift_takes_the_standing_and_its_end_gives_it_back(bench):
    version, request = go_live(bench)
    it = watched(bench, version)
    assert bench.live().standing(bench.hands.now).worth is Worth.GOOD
    it.send(sent(credit(900, 2, shift=0.9), "2026-09-01", 20, "a"))
    bench.hands.forward(seconds=1)
    found = bench.live().standing(bench.hands.now)
    assert (found.worth, found.reasons) == (Worth.WARNING, (FactKind.DRIFT_BREACH,))
    work.sweep(bench.store)
    (changed,) = [
        e
        for e in bench.ask(audit.events, subject_kind="release", subject_id=request)
        if "standing" in e.action
    ]
    assert "drift_breach" in changed.body
    # Neither seeing an alert nor putting it off ends it.
    from core.evidence.alerts import queries

    for one in bench.ask(queries.alerts, version_id=version, only_open=True):
        bench.do(bench.people["otto"], alerts.acknowledge, one.id)
    assert bench.live().standing(bench.hands.now).worth is Worth.WARNING
    it.send(sent(credit(900, 3), "2026-10-01", 20, "b"))
    bench.hands.forward(seconds=1)
    assert [a.text() for a in bench.ask(queries.alerts, version_id=version, only_open=True)] == []
    assert bench.live().standing(bench.hands.now).worth is Worth.GOOD


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, Verdict.PASSED), (0.9, Verdict.FAILED)])
def test_the_gate_compares_evaluation_data_with_live_data(store, hands, shift, verdict):
    running = ready_version(store)
    running.send(sent(credit(900, 2, shift=shift), "2026-09-01", 20, "a"))
    candidate = ready_version(store, "candidate")
    read = evidence.READERS[GateKind.DRIFT]
    with store.reading() as view:
        made, live = (registry.version(view, one.version_id) for one in (candidate, running))
        about = evidence.Subject(
            version=made, evaluated=Contender(made, intake.evaluation(view, made.id)),
            use_case=registry.use_case_by_id(view, made.use_case_id), environment="production", now=hands.now, sealed=None,
            champion=Contender(live, intake.evaluation(view, live.id)), draws=0,
        )  # fmt: skip
        begun = read(view, about, RULE)
    reading_ = begun(store.files)
    answer = judge(RULE, reading_)
    assert answer.verdict is verdict
    assert answer.n == 900
    assert reading_.evidence == ("monitoring", live.id)
    assert np.isfinite(answer.measured)


def test_without_a_live_version_or_its_predictions_the_gate_says_why(store, hands):
    running, candidate = ready_version(store), ready_version(store, "candidate")
    read = evidence.READERS[GateKind.DRIFT]
    with store.reading() as view:
        made, live = (registry.version(view, one.version_id) for one in (candidate, running))
        for champion in (None, Contender(live, None)):
            about = evidence.Subject(
                version=made, evaluated=Contender(made, None), use_case=registry.use_case_by_id(view, made.use_case_id),
                environment="production", now=hands.now, sealed=None, champion=champion, draws=0,
            )  # fmt: skip
            found = judge(RULE, read(view, about, RULE))
            assert found.verdict is Verdict.NOT_AVAILABLE
            assert found.reason
            assert not found.blocks
