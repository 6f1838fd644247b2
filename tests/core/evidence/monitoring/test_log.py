"""The journey of a batch: judged, taken once, profiled, measured, alerted on."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sqlmodel import select

from core.errors import Conflict, Invalid, Refused
from core.evidence.alerts import commands as alerts
from core.evidence.alerts import queries as alerting
from core.evidence.monitoring import commands, queries, work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.tables import PartRow
from core.evidence.monitoring.windows import Grain
from tests.core.evidence.monitoring.conftest import credit, sent, told

DRIFTED = ("input_drift", "income")


@pytest.mark.parametrize("form", ["csv", "parquet", "ndjson"])
def test_a_batch_is_taken_profiled_and_compared(watch, form):
    it = watch()
    calm = credit(1500, 1)
    receipt = it.send(sent(calm, "2026-08-01", 20, "a"), form=form)
    assert (receipt.rows, receipt.accepted, receipt.refused) == (1500, 1500, 0)
    assert receipt.reasons == ()
    receipt = it.send(sent(credit(1500, 2, shift=0.8), "2026-09-01", 20, "b"), form=form)
    assert receipt.accepted == 1500
    with it.store.reading() as view:
        drift = queries.drift(view, it.version_id, Grain.MONTH)
        days = queries.drift(view, it.version_id, Grain.DAY)
        covered = queries.coverage(view, it.version_id)
        alerts = alerting.alerts(view, version_id=it.version_id)
    assert [str(w.start) for w in drift.windows] == ["2026-08-01", "2026-09-01"]
    assert len(days.windows) == 40
    assert (days.cells.sum(0) == drift.cells.sum(0)).all()
    found = {c.name: c for c in drift.columns}
    assert set(found) == {"income", "debt", "channel", "returning", "aval:prediction", "aval:probability"}
    assert found["income"].psi[0] < 0.05
    assert found["income"].psi[1] > 0.2
    assert found["debt"].psi.max() < 0.05
    assert found["income"].rows.tolist() == [1500, 1500]
    assert (covered.rows, covered.labelled) == (3000, 0)
    assert {(a.rule, a.subject) for a in alerts} >= {
        ("input_drift", "income"),
        ("prediction_drift", "aval:probability"),
    }
    assert {a.subject for a in alerts} == {"income", "aval:probability"}
    assert alerts[0].open
    words = {a.subject: a.text() for a in alerts if a.rule.endswith("drift")}
    assert words["income"].startswith("PSI of income was ")
    assert words["aval:probability"].startswith("PSI of Predicted probability was ")


def test_the_same_row_counts_once_however_it_comes(watch):
    it = watch()
    frame = sent(credit(300, 1), "2026-08-01", 3, "a")
    first = it.send(frame)
    assert it.send(frame).id == first.id
    again = it.send(pd.concat([frame.iloc[100:], sent(credit(50, 4), "2026-08-02", 2, "c")]), form="parquet")
    assert (again.accepted, again.repeated) == (50, 200)
    twice = pd.concat([frame.iloc[:1].assign(prediction_id="z")] * 2)
    third = it.send(twice)
    assert (third.accepted, third.refused) == (1, 1)
    with it.store.reading() as view:
        assert queries.coverage(view, it.version_id).rows == 351
        assert sum(p.rows for p in queries.parts(view, it.version_id, BatchKind.PREDICTIONS)) == 351


def test_bad_rows_are_refused_with_their_number_and_reason(watch):
    it = watch()
    frame = sent(credit(20, 1), "2026-08-01", 2, "a").astype(object)
    frame.loc[0, "income"] = "a lot"
    frame.loc[1, "timestamp"] = "yesterday"
    frame.loc[2, "probability"] = 1.4
    frame.loc[3, "prediction_id"] = None
    frame.loc[4, "timestamp"] = "2031-01-01T00:00:00Z"
    frame.loc[5, "returning"] = "maybe"
    receipt = it.send(frame)
    assert (receipt.rows, receipt.accepted, receipt.refused) == (20, 14, 6)
    found = {r.examples[0]: r.text() for r in receipt.reasons}
    assert found[1] == "income is not a number."
    assert found[2].startswith("timestamp is not a moment")
    assert found[3] == "probability is not between 0 and 1."
    assert found[4] == "The prediction id is empty."
    assert found[5] == "timestamp lies in the future."
    assert found[6] == "returning is neither true nor false."


def test_a_broken_line_does_not_lose_the_rest(watch):
    it = watch()
    lines = sent(credit(10, 1), "2026-08-01", 2, "a").to_json(orient="records", lines=True).splitlines()
    lines[3] = '{"prediction_id": "broken'
    digest = it.store.files.put_bytes("\n".join(lines).encode()).digest
    receipt = work.take(it.store, it.sender, it.version_id, BatchKind.PREDICTIONS, digest, "ndjson")
    assert (receipt.rows, receipt.accepted, receipt.refused) == (10, 9, 1)
    assert receipt.reasons[0].examples == (4,)


def test_a_missing_column_is_named(watch):
    it = watch()
    frame = sent(credit(10, 1), "2026-08-01", 2, "a")
    with pytest.raises(Invalid) as problem:
        it.send(frame.drop(columns="probability"))
    assert problem.value.field == "probability"
    assert "probability" in problem.value.text()
    with pytest.raises(Invalid) as problem:
        it.send(frame.rename(columns={"income": "incom"}))
    assert "incom" in problem.value.fix_text()
    with it.store.reading() as view:
        assert queries.batches(view, it.version_id) == ()


def test_labels_come_late_twice_and_wrong(watch):
    it = watch()
    rows = credit(900, 3)
    it.send(sent(rows, "2026-08-01", 30, "a"))
    labels = told(rows, "a")
    first = it.send(labels.iloc[:400], "labels")
    assert (first.accepted, first.revised) == (400, 0)
    with it.store.reading() as view:
        (point,) = queries.performance(view, it.version_id, Metric.ROC_AUC)
    assert point.rows == 900
    assert point.coverage == pytest.approx(400 / 900)
    assert point.measure.n == 400
    wrong = labels.iloc[350:].assign(label=lambda f: 1 - f["label"])
    second = it.send(wrong, "labels")
    assert (second.accepted, second.revised, second.repeated) == (550, 50, 0)
    third = it.send(labels, "labels", form="parquet")
    assert (third.accepted, third.revised, third.repeated) == (550, 550, 350)
    stray = it.send(
        pd.DataFrame({"prediction_id": ["a-0", "nobody"], "label": [rows["default"][0], 1]}), "labels"
    )
    assert (stray.accepted, stray.repeated, stray.refused, stray.waiting) == (1, 1, 0, 1)
    with it.store.reading() as view:
        measured = queries.measures(view, [it.version_id], Grain.MONTH, list(Metric))[it.version_id]
        assert queries.coverage(view, it.version_id).labelled == 900
    (found,) = measured.values()
    truth, score = rows["default"], rows["probability"]
    said = score >= 0.5
    assert found[Metric.ROC_AUC].value == pytest.approx(metrics.roc_auc_score(truth, score), abs=1e-12)
    assert found[Metric.ACCURACY].value == pytest.approx(metrics.accuracy_score(truth, said), abs=1e-12)
    assert found[Metric.F1].value == pytest.approx(metrics.f1_score(truth, said), abs=1e-12)
    assert found[Metric.BRIER].value == pytest.approx(metrics.brier_score_loss(truth, score), abs=1e-12)
    assert found[Metric.LOG_LOSS].value == pytest.approx(metrics.log_loss(truth, score), abs=1e-9)
    assert found[Metric.PREDICTED_POSITIVE].value == pytest.approx(said.mean())
    assert found[Metric.ROC_AUC].low < found[Metric.ROC_AUC].value < found[Metric.ROC_AUC].high
    assert found[Metric.ROWS].value == 900


def test_order_of_arrival_changes_no_number(watch):
    it, other = watch("one"), watch("two")
    rows = credit(600, 5)
    whole = sent(rows, "2026-08-01", 10, "a")
    it.send(whole)
    for piece in (whole.iloc[400:], whole.iloc[:150], whole.iloc[150:400]):
        other.send(piece, profile=False)
    other.work()
    with it.store.reading() as view:
        left = queries.drift(view, it.version_id, Grain.DAY)
        right = queries.drift(view, other.version_id, Grain.DAY)
    assert (left.cells == right.cells).all()
    for a, b in zip(left.columns, right.columns, strict=True):
        assert np.array_equal(a.psi, b.psi, equal_nan=True)


def test_a_job_run_again_counts_nothing_twice(watch):
    it = watch()
    it.send(sent(credit(100, 1), "2026-08-01", 2, "a"), profile=False)
    with it.store.reading() as view:
        parts = queries.pending(view, it.version_id)
    it.work()
    with it.store.reading() as view:
        held = queries.reference(view, it.version_id)
        before = queries.drift(view, it.version_id).cells
    profile = held.layout.empty()
    from core.platform.store import SYSTEM

    with it.store.unit_of_work(SYSTEM) as uow:
        again = commands.store_profiles(
            uow, it.version_id, held.layout, {parts[0].day: profile}, {}, [p.id for p in parts]
        )
    assert again is False
    it.work()
    with it.store.reading() as view:
        assert (queries.drift(view, it.version_id).cells == before).all()
        assert all(view.exec(select(PartRow.profiled)).all())


def test_alerts_are_acknowledged_once_and_rest_when_it_is_over(watch, actor):
    it = watch()
    it.send(sent(credit(800, 2, shift=0.9), "2026-08-01", 20, "a"))
    with it.store.reading() as view:
        (alert,) = (
            a for a in alerting.alerts(view, version_id=it.version_id) if (a.rule, a.subject) == DRIFTED
        )
    assert alert.open
    with it.store.unit_of_work(actor("operations", id="per_ops")) as uow:
        alerts.acknowledge(uow, alert.id)
    with pytest.raises(Conflict), it.store.unit_of_work(actor("operations")) as uow:
        alerts.acknowledge(uow, alert.id)
    with pytest.raises(Refused), it.store.unit_of_work(actor("viewer")) as uow:
        alerts.acknowledge(uow, alert.id)
    it.send(sent(credit(800, 6), "2026-09-01", 20, "b"))
    with it.store.reading() as view:
        alert = alerting.alert(view, alert.id)
        health = queries.health(view)[it.version_id]
    assert not alert.open
    assert alert.acknowledged_by == "per_ops"
    assert health.rows == 1600


def test_performance_that_fell_is_an_alert(watch):
    it = watch()
    rows = credit(2500, 8)
    rows["default"] = np.random.default_rng(0).integers(0, 2, len(rows))
    it.send(sent(rows, "2026-08-01", 20, "a"))
    it.send(told(rows, "a"), "labels")
    with it.store.reading() as view:
        (alert,) = (a for a in alerting.alerts(view, version_id=it.version_id) if a.rule == "performance")
    assert alert.text().startswith("ROC AUC was 0.4")


def test_only_who_may_can_send(watch, actor):
    it = watch()
    digest = it.store.files.put_bytes(b"prediction_id\n1").digest
    with pytest.raises(Refused):
        work.take(it.store, actor("viewer"), it.version_id, BatchKind.PREDICTIONS, digest, "csv")
