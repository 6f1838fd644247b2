"""Real data: the shared sets go the whole way, with figures that scikit-learn confirms."""

import io

import joblib
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from core.assets.registry import Task, VersionState


def fitted(model, table: pd.DataFrame, label: str):
    features = table.drop(columns=label)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer(
        (encoder, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    return make_pipeline(columns, model).fit(features, table[label])


def dumped(model) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=3)
    return buffer.getvalue()


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "label", "task"),
    [("hotel_bookings", "is_canceled", Task.BINARY), ("bike_hourly", "cnt", Task.REGRESSION)],
)
def test_shared_sets_become_ready(laboratory, shared_data, name, label, task):
    table = pd.read_parquet(shared_data / name / "data.parquet")
    table = table.drop(columns=[c for c in table if str(table[c].dtype).startswith("datetime")])
    table = table.drop(columns=[c for c in ("reservation_status", "casual", "registered") if c in table])
    table = table.astype({c: "float64" for c in table if str(table[c].dtype) == "Int64"})
    train, test = table.iloc[: len(table) // 2], table.iloc[len(table) // 2 :][:5000]
    kind = HistGradientBoostingClassifier if task is Task.BINARY else HistGradientBoostingRegressor
    model = fitted(kind(max_iter=30, random_state=0), train, label)
    laboratory.use_case("real", task)
    sent = io.BytesIO()
    test.to_parquet(sent)
    version, found = laboratory.evaluate(dumped(model), sent.getvalue(), use_case="real", label=label)
    assert version.state is VersionState.READY, version.refusal and version.refusal.text()
    assert version.verdict == "known"
    features = test.drop(columns=label)
    if task is Task.BINARY:
        expected = roc_auc_score(test[label], model.predict_proba(features)[:, 1])
        assert found.metrics["roc_auc"].value == pytest.approx(expected)
    else:
        assert found.metrics["r2"].value == pytest.approx(r2_score(test[label], model.predict(features)))
