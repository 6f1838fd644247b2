"""What is expected before labels and how it held; what only several columns together show."""

import numpy as np
import pandas as pd
import pytest

from core.assets.registry.tables import UseCaseRow, VersionRow
from core.assets.registry.version import Signature
from core.evidence.monitoring import jointly, queries
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.tables import JointRow
from core.evidence.monitoring.windows import Grain
from core.platform.store import SYSTEM
from tests.core.evidence.monitoring.conftest import credit, sent, told


def test_binary_performance_is_expected_before_labels_and_held_against_them(watch):
    it = watch()
    frame = credit(3000, 3)
    it.send(sent(frame, "2026-08-01", 28, "a"))
    with it.store.reading() as view:
        (ahead,) = queries.estimates(view, it.version_id, Metric.ROC_AUC)
        assert len(queries.estimates(view, it.version_id, Metric.ACCURACY, Grain.DAY)) == 28
    assert (ahead.method, ahead.realized, ahead.gap, ahead.held) == ("cbpe", None, None, None)
    it.send(told(frame, "a"), "labels")
    with it.store.reading() as view:
        (after,) = queries.estimates(view, it.version_id, Metric.ROC_AUC)
    assert after.expected == ahead.expected
    assert after.held
    assert abs(after.gap) < 0.03
    turned = credit(3000, 4).assign(default=lambda f: 1 - f["default"])
    it.send(sent(turned, "2026-09-01", 28, "b"))
    it.send(told(turned, "b"), "labels")
    with it.store.reading() as view:
        assert [one.held for one in queries.estimates(view, it.version_id, Metric.ROC_AUC)] == [True, False]


def _as_regression(it) -> None:
    rng = np.random.default_rng(0)
    n = len(it.reference)
    truth = it.reference["debt"] * 100 + rng.normal(0, 5, n)
    said = pd.DataFrame({"row": np.arange(n), "label": truth, "prediction": it.reference["debt"] * 100})
    from core.assets.datasets import reading
    from core.assets.intake.tables import EvaluationRow

    digest = it.store.files.put_bytes(reading.to_parquet(said)).digest
    with it.store.unit_of_work(SYSTEM) as uow:
        uow.session.get(UseCaseRow, it.use_case_id).task = "regression"
        version = uow.session.get(VersionRow, it.version_id)
        held = Signature.from_json(version.signature)
        version.signature = Signature(held.features, "value", ()).to_json()
        uow.session.get(EvaluationRow, f"eva_{it.slug}").predictions_digest = digest


def test_quantities_are_expected_by_their_loss(watch_here):
    it = watch_here()
    _as_regression(it)
    frame = credit(2000, 3)
    rows = sent(frame, "2026-08-01", 28, "a").drop(columns="probability")
    rows["prediction"] = frame["debt"] * 100
    it.send(rows, profile=False)
    it.work(joint=True)
    with it.store.reading() as view:
        (ahead,) = queries.estimates(view, it.version_id, Metric.MAE)
    assert ahead.method == "dle"
    assert ahead.expected.value == pytest.approx(5 * np.sqrt(2 / np.pi), rel=0.1)
    truth = frame["debt"] * 100 + np.random.default_rng(9).normal(0, 5, len(frame))
    it.send(pd.DataFrame({"prediction_id": rows["prediction_id"], "label": truth}), "labels")
    with it.store.reading() as view:
        (after,) = queries.estimates(view, it.version_id, Metric.MAE)
    assert after.held


def test_columns_that_came_apart_are_told_with_their_variant(watch_here):
    it = watch_here()
    calm, broken = credit(1500, 3), credit(1500, 4)
    broken = broken.assign(debt=np.sort(broken["debt"]), income=np.sort(broken["income"].fillna(3000)))
    order = np.random.default_rng(1).permutation(len(broken))
    broken = broken.iloc[order].reset_index(drop=True)
    twice = pd.concat([broken.iloc[:750]] * 2, ignore_index=True)
    for frame, start, prefix in ((calm, "2026-07-01", "a"), (twice, "2026-08-01", "b")):
        it.send(sent(frame, start, 7, prefix), profile=False)
        labels = told(frame, prefix)
        it.send(labels if prefix == "a" else labels.assign(label=1), "labels", profile=False)
    it.work(joint=True)
    with it.store.reading() as view:
        found = queries.joint(view, it.version_id)
        stale = queries.stale_joint(view, it.version_id, (Grain.WEEK, Grain.MONTH))
    quiet, loud = ({one.measure: one for one in found if one.window.start.month == m} for m in (7, 8))
    assert set(quiet) == set(jointly.Joint)
    assert stale == []
    assert loud["correlation_change"].where == ("income", "debt")
    assert loud["correlation_change"].value > 0.9
    assert quiet["correlation_change"].value < 0.1
    assert loud["domain_auc"].value > 0.7
    assert quiet["domain_auc"].value < 0.57
    assert abs(loud["reconstruction"].value) > 8
    assert abs(quiet["reconstruction"].value) < 4
    assert loud["repeated_rows"].value == pytest.approx(0.5, abs=0.02)
    assert quiet["repeated_rows"].value < 0.01
    assert loud["label_psi"].value > 1
    assert quiet["label_psi"].value < 0.05
    assert all(one.variant for one in found)
    with it.store.unit_of_work(SYSTEM) as uow:
        assert uow.session.get(
            JointRow, (it.version_id, "month", loud["domain_auc"].window.start, "domain_auc")
        )


def test_labels_alone_leave_what_rows_told(watch_here, monkeypatch):
    it = watch_here()
    rows = credit(1500, 3)
    it.send(sent(rows, "2026-07-01", 7, "a"), profile=False)
    it.work(joint=True)
    with it.store.reading() as view:
        before = {one.measure: one.value for one in queries.joint(view, it.version_id)}
    monkeypatch.setattr(jointly.multivariate, "domain_auc", lambda *_: pytest.fail("rows are the same"))
    it.send(told(rows, "a"), "labels", profile=False)
    with it.store.reading() as view:
        asked = queries.stale_joint(view, it.version_id, (Grain.MONTH,))
    it.work(joint=True)
    with it.store.reading() as view:
        after = {one.measure: one.value for one in queries.joint(view, it.version_id)}
        left = queries.stale_joint(view, it.version_id, (Grain.WEEK, Grain.MONTH))
    assert all(one.same_rows for one in asked)
    assert left == []
    assert after.items() > before.items()
    assert set(after) - set(before) == {"label_psi", "target_change"}
