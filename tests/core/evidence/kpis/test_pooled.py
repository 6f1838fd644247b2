"""Per period against pooled: on the calls of bank_marketing they disagree, and the page's warning says so."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from core.evidence.kpis import queries
from core.evidence.kpis.definition import Status
from core.evidence.kpis.pooled import compared
from core.evidence.monitoring.windows import Window
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.kpis.test_definition import AUC
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent, told
from tests.kpis import in_force
from tests.people import add_row

OWNER = Actor("per_1", "person", frozenset({"operations"}), "page")


def one(value, n, low=None, high=None, status=Status.ON_TARGET):
    day = pd.Timestamp("2026-01-01").date()
    return queries.Observation(
        Window(day, day), value, low, high, n, 1.0, status, pd.Timestamp("2026-02-01", tz="UTC")
    )


def test_agreement_and_disagreement():
    windows = [one(0.5, 100), one(0.6, 300)]
    assert compared(one(0.58, 400, 0.55, 0.61), windows).disagree is False
    assert compared(one(0.7, 400, 0.66, 0.74), windows).disagree is True
    assert compared(one(0.7, 400, 0.66, 0.74), windows[:1]) is None
    assert compared(None, windows) is None
    unjudged = replace(windows[1], status=Status.NOT_ENOUGH)
    assert compared(one(0.5, 1, 0.4, 0.6), [windows[0], unjudged]) is None


@pytest.fixture
def watched(store):
    it = ready_version(store)
    with it.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_1", "Ana", ["operations"])
    return it


def test_a_share_pools_from_its_days(watched):
    it = watched
    share = replace(
        AUC,
        name="Late",
        metric=None,
        formula="share(actual_positive)",
        target=0.1,
        warning=None,
        critical=None,
    )
    kpi = in_force(it.store, OWNER, it.use_case_id, share)
    rows = credit(400, 3)
    it.send(sent(rows, "2026-07-20", 30, "a"))
    it.send(told(rows, "a"), "labels")
    with it.store.reading() as view:
        pooled = queries.pooled(view, kpi.revision_id, it.version_id)
    assert pooled.value == pytest.approx(rows["default"].mean())
    assert pooled.n == 400


@pytest.mark.shared_data
def test_bank_marketing_warns(watched, shared_data):
    it = watched
    kpi = in_force(
        it.store, OWNER, it.use_case_id, replace(AUC, target=0.6, warning=None, critical=None, minimum_n=50)
    )
    table = pd.read_parquet(shared_data / "bank_marketing" / "data.parquet").drop(
        columns=["duration", "row_id"]
    )
    truth = (table.pop("y") == "yes").astype(int)
    moment = table.pop("event_time")
    encoded = table.apply(lambda c: c if c.dtype.kind in "if" else c.astype("category").cat.codes)
    before = moment < "2008-11-01"
    model = HistGradientBoostingClassifier(random_state=0, max_iter=60).fit(encoded[before], truth[before])
    later = (moment >= "2009-05-01") & (moment < "2010-11-18")
    score = model.predict_proba(encoded[later])[:, 1]
    rows = credit(int(later.sum()), 1)
    rows["probability"] = score
    rows["default"] = truth[later].to_numpy()
    batch = sent(rows, "2009-05-01", 1, "b")
    batch["timestamp"] = moment[later].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_numpy()
    it.send(batch)
    it.send(told(rows, "b"), "labels")
    with it.store.reading() as view:
        history = queries.observations(view, [kpi.revision_id], it.version_id)[it.version_id]
        together = compared(queries.pooled(view, kpi.revision_id, it.version_id), history)
    assert together.pooled.value == pytest.approx(roc_auc_score(rows["default"], score), rel=1e-9)
    month = moment[later].dt.to_period("M").to_numpy()
    by_month = {p: roc_auc_score(rows["default"][month == p], score[month == p]) for p in np.unique(month)}
    assert [o.value for o in history] == pytest.approx(list(by_month.values()), rel=1e-9)
    assert together.disagree
    assert together.pooled.value > together.mean + 0.05
