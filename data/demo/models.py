"""Small models for the demo organisation: trained here with scikit-learn, never in the server.

Credit has one model per idea a team would try, each fitted on the months that had labels by then, and
judged on a later month. The two clinical tasks are the sets bundled with scikit-learn. `diabetes` is
written as ONNX by hand (a linear regressor has two arrays), so that nothing but `onnx` is needed to make
it.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import skops.io
from onnx import TensorProto, helper, save_model
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from data.demo import credit

RANDOM_STATE = 7
JUDGED = (0, 4)
"""Months of the applications that every credit version is judged on, so that two of them compare row by row."""


@dataclass(frozen=True)
class Trained:
    """A model file and the table it is to be judged on; both lie in the folder they were written to."""

    name: str
    model: Path
    table: Path
    label: str
    positive: str
    protected: tuple[str, ...]
    estimator: ClassifierMixin | None = None


def scorecard(rows: credit.Applications, folder: Path) -> Trained:
    """First version: the classical scorecard, a logistic regression on scaled and one-hot columns."""
    model = make_pipeline(_one_hot(), LogisticRegression(C=0.3, max_iter=400))
    _fit(model, rows.fitting(0, 2))
    return _write_credit("scorecard", model, "skops", rows.judging(*JUDGED), folder)


def boosted(rows: credit.Applications, folder: Path) -> Trained:
    """Second version: histogram gradient boosting that reads categories as such, on twice the months."""
    model = make_pipeline(
        _ordinal(),
        HistGradientBoostingClassifier(
            max_iter=60,
            learning_rate=0.1,
            max_leaf_nodes=12,
            min_samples_leaf=60,
            categorical_features=list(range(len(credit.NUMBERS), len(credit.FEATURES))),
            random_state=RANDOM_STATE,
        ),
    )
    _fit(model, rows.fitting(0, 8))
    return _write_credit("boosted", model, "joblib", rows.judging(*JUDGED), folder)


def refreshed(rows: credit.Applications, folder: Path) -> Trained:
    """Third version: the same idea fitted again on the months of dearer credit."""
    model = make_pipeline(
        _one_hot(),
        GradientBoostingClassifier(
            n_estimators=70,
            max_depth=3,
            learning_rate=0.12,
            subsample=0.5,
            min_samples_leaf=60,
            random_state=RANDOM_STATE,
        ),
    )
    _fit(model, rows.fitting(0, 13))
    return _write_credit("refreshed", model, "skops", rows.judging(*JUDGED), folder)


def rebuilt_elsewhere(rows: credit.Applications, folder: Path) -> Trained:
    """A scorecard built on another extract: it asks for columns that this use case's table does not have."""
    renamed = rows.fitting(3, 4).rename(
        columns={"income": "income_verified", "utilisation": "card_utilisation"}
    )
    numbers = [
        {"income": "income_verified", "utilisation": "card_utilisation"}.get(c, c) for c in credit.NUMBERS
    ]
    model = make_pipeline(_one_hot(numbers), LogisticRegression(max_iter=300))
    model.fit(renamed[[*numbers, *credit.CATEGORIES]], renamed[credit.LABEL])
    return _write_credit("rebuilt_elsewhere", model, "skops", rows.judging(*JUDGED), folder)


def poisoned(rows: credit.Applications, folder: Path) -> Trained:
    """A file that a colleague found in a forum: opening it the usual way would run a shell command.

    The command only echoes a word, and Aval reads the file without running it.
    """
    table = _table("poisoned", credit.table(rows.judging(*JUDGED)), folder)
    path = folder / "poisoned.joblib"
    path.write_bytes(pickle.dumps(_Shell(), protocol=4))
    return Trained("poisoned", path, table, credit.LABEL, "1", credit.PROTECTED)


def scored(made: Trained, rows: pd.DataFrame) -> pd.DataFrame:
    """What the lender's own system logs for applications: id, time, features and the model's probability."""
    if made.estimator is None:
        raise ValueError(made.name)
    features = rows[list(credit.FEATURES)]
    return features.assign(
        prediction_id=rows["application_id"],
        timestamp=rows["applied_at"],
        probability=made.estimator.predict_proba(features)[:, 1],
    )


def outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    """What became of applications: id, label, and when it was known."""
    return pd.DataFrame(
        {
            "prediction_id": rows["application_id"],
            "label": rows[credit.LABEL],
            "label_time": rows["label_known_at"],
        }
    )


def tumour(folder: Path) -> Trained:
    """Breast cancer (Wisconsin, bundled with scikit-learn): a forest of shallow trees."""
    data = load_breast_cancer(as_frame=True)
    frame = data.data.rename(columns=lambda c: c.replace(" ", "_"))
    diagnosis = pd.Series(np.where(data.target == 0, "malignant", "benign"), name="diagnosis")
    x_fit, x_test, y_fit, y_test = train_test_split(
        frame, diagnosis, test_size=0.4, stratify=diagnosis, random_state=RANDOM_STATE
    )
    model = RandomForestClassifier(n_estimators=40, max_depth=5, random_state=RANDOM_STATE).fit(x_fit, y_fit)
    path = folder / "tumour.skops"
    skops.io.dump(model, path)
    table = _table("tumour", x_test.assign(diagnosis=y_test), folder)
    return Trained("tumour", path, table, "diagnosis", "malignant", ())


def progression(folder: Path) -> Trained:
    """Diabetes (bundled with scikit-learn): ridge regression, as ONNX with one input per column."""
    data = load_diabetes(as_frame=True, scaled=False)
    frame = data.frame.rename(columns={"target": "progression"}).astype("float64")
    fit, test = train_test_split(frame, test_size=0.4, random_state=RANDOM_STATE)
    columns = [c for c in frame.columns if c != "progression"]
    scaler = StandardScaler().fit(fit[columns])
    ridge = Ridge(alpha=3.0).fit(scaler.transform(fit[columns]), fit["progression"])
    slope = ridge.coef_ / scaler.scale_
    path = folder / "progression.onnx"
    _write_linear_onnx(columns, slope, float(ridge.intercept_ - slope @ scaler.mean_), path)
    return Trained("progression", path, _table("progression", test, folder), "progression", "", ("sex",))


class _Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo pwned",)


def _fit(model: ClassifierMixin, rows: pd.DataFrame) -> None:
    model.fit(rows[list(credit.FEATURES)], rows[credit.LABEL])


def _one_hot(numbers: list[str] | None = None) -> ColumnTransformer:
    return ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                numbers or list(credit.NUMBERS),
            ),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                list(credit.CATEGORIES),
            ),
        ]
    )


def _ordinal() -> ColumnTransformer:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer(
        [("numbers", "passthrough", list(credit.NUMBERS)), ("categories", codes, list(credit.CATEGORIES))]
    )


def _write_credit(
    name: str, model: ClassifierMixin, extension: str, rows: pd.DataFrame, folder: Path
) -> Trained:
    path = folder / f"{name}.{extension}"
    if extension == "skops":
        skops.io.dump(model, path)
    else:
        joblib.dump(model, path, compress=3)
    table = _table(name, credit.table(rows), folder)
    return Trained(name, path, table, credit.LABEL, "1", credit.PROTECTED, model)


def _table(name: str, frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"{name}.parquet"
    frame.reset_index(drop=True).to_parquet(path, index=False)
    return path


def _write_linear_onnx(columns: list[str], slope: np.ndarray, intercept: float, path: Path) -> None:
    inputs = [helper.make_tensor_value_info(c, TensorProto.FLOAT, [None, 1]) for c in columns]
    nodes = [
        helper.make_node("Concat", columns, ["table"], axis=1),
        helper.make_node(
            "LinearRegressor",
            ["table"],
            ["value"],
            domain="ai.onnx.ml",
            coefficients=[float(b) for b in slope],
            intercepts=[intercept],
            targets=1,
        ),
    ]
    output = helper.make_tensor_value_info("value", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, "progression", inputs, [output])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    save_model(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
