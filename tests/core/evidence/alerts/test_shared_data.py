"""Default rules on real data: what is known to drift is flagged, the negative control and the seasons are silent."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from core.evidence.alerts import queries
from core.evidence.alerts.rules import RuleKind
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.season import Against
from core.evidence.monitoring.windows import Grain
from tests.core.evidence.alerts.tables_of import Real, real

pytestmark = [pytest.mark.shared_data, pytest.mark.long]
BIKE = [
    "season",
    "mnth",
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
]
BANK_NOT = {"row_id", "event_time", "duration", "y"}
HOTEL_NOT = {
    "booking_id", "event_time", "arrival_date", "label_available_at", "is_canceled", "reservation_status", "assigned_room_type",
    "booking_changes", "days_in_waiting_list", "required_car_parking_spaces", "country",
}  # fmt: skip


def load(folder, name: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / name / "data.parquet")
    frame["event_time"] = pd.to_datetime(frame["event_time"]).astype("datetime64[us]")
    return frame.reset_index(drop=True)


def said_by_a_tree(before: pd.DataFrame, after: pd.DataFrame, features: list[str], label: str) -> None:
    """Score both sides by a small tree that learned on the first: the columns are what is looked at."""
    numbers = [c for c in features if pd.api.types.is_numeric_dtype(before[c])]
    sides = [frame[numbers].astype(float).fillna(-1) for frame in (before, after)]
    tree = DecisionTreeClassifier(max_depth=5, min_samples_leaf=50, random_state=0)
    before["said"] = cross_val_predict(tree, sides[0], before[label], cv=3, method="predict_proba")[:, 1]
    after["said"] = tree.fit(sides[0], before[label]).predict_proba(sides[1])[:, 1]


def drifted(it: Real) -> set[str]:
    return {a.subject for a in it.alerts() if a.kind is RuleKind.PSI}


def expected(folder, name: str) -> set[str]:
    return set(json.loads((folder / name / "expected.json").read_text())["random_holdout"]["psi_gt_0.2"])


def test_the_negative_control_raises_nothing(store, shared_data):
    frame = load(shared_data, "acs_employment_ma")
    frame["said"] = frame["predicted_probability"].astype(float)
    features = [
        c for c in frame.columns
        if c not in {"id", "event_time", "year", "partition", "employed", "prediction", "predicted_probability", "said"}
    ]  # fmt: skip
    it = real(store, "acs", frame[frame["year"] == 2015], features=features, label="employed")
    it.send(frame[frame["year"] > 2015])
    assert it.alerts() == ()


def test_bank_and_hotel_columns_are_flagged(store, shared_data):
    frame = load(shared_data, "bank_marketing")
    frame["y"] = (frame["y"] == "yes").astype(int)
    features = [c for c in frame.columns if c not in BANK_NOT]
    before, after = (
        frame[mask].copy() for mask in (frame["event_time"] < "2008-11", frame["event_time"] >= "2008-11")
    )
    said_by_a_tree(before, after, features, "y")
    bank = real(store, "bank", before, features=features, label="y")
    bank.send(after)
    assert expected(shared_data, "bank_marketing") <= drifted(bank)
    assert any(a.kind is RuleKind.LABEL for a in bank.alerts())

    frame = load(shared_data, "hotel_bookings")
    features = [c for c in frame.columns if c not in HOTEL_NOT]
    time = frame["event_time"]
    before = frame[(time >= "2015-07") & (time < "2016-03")].copy()
    after = frame[(time >= "2016-03") & (time < "2017-03")].copy()
    said_by_a_tree(before, after, features, "is_canceled")
    hotel = real(store, "hotel", before, features=features, label="is_canceled")
    hotel.send(after)
    assert expected(shared_data, "hotel_bookings") <= drifted(hotel)


def test_seasons_are_no_drift_but_demand_is_told_by_performance_and_labels(store, shared_data):
    frame = load(shared_data, "bike_hourly")
    before, after = (frame[frame["event_time"].dt.year == year].copy() for year in (2011, 2012))
    model = HistGradientBoostingRegressor(random_state=0)
    before["said"] = cross_val_predict(model, before[BIKE], before["cnt"], cv=5)
    after["said"] = model.fit(before[BIKE], before["cnt"]).predict(after[BIKE])
    it = real(store, "bike", before, features=BIKE, label="cnt")
    it.send(after)
    with store.reading() as view:
        assert (
            queries.default_rules().against.resolved(whole_year=monitoring.covers_year(view, it.version_id))
            is Against.SEASON
        )
        whole = monitoring.drift(view, it.version_id, Grain.MONTH)
    assert {a.kind for a in it.alerts()} == {RuleKind.PERFORMANCE, RuleKind.LABEL}
    # A month against the whole year is what the season prevents.
    told = {c.name: c.psi for c in whole.columns}
    assert all(np.nanmin(told[name]) > 0.2 for name in ("season", "mnth", "temp"))
    it.publish(
        queries.default_text()
        .replace('against = "auto"', 'against = "evaluation"')
        .replace("2026.2", "whole")
    )
    assert {"season", "mnth", "temp", "atemp"} <= drifted(it)
