"""Every case in which known explainers are wrong, crash or refuse: here right within the gate, or told from predictions.

The list is the one of the design page "Explanation engine". Gate: |base + Σφ − f(x)| ≤ 1e-5 · max(1, |f(x)|) against the
real model, on every row.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.evidence.explain.engine import ENUMERATE, explain
from core.evidence.explain.terms import Fallback, Method, Question, Unit
from tests.core.evidence.explain.test_shapley import interventional as defined
from tests.core.evidence.explain.test_shapley import shapley

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")
catboost = pytest.importorskip("catboost")

NUMBERS = ["a", "b", "c"]
ROWS = 400


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 3)), columns=NUMBERS)


@pytest.fixture(scope="module")
def mixed(numbers: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return numbers.assign(
        kind=pd.Categorical(rng.choice(list("pqrstuvw"), ROWS)),
        place=pd.Categorical(rng.choice(["x", "y", "z"], ROWS)),
    )


@pytest.fixture(scope="module")
def gaps(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers.mask(np.random.default_rng(2).random(numbers.shape) < 0.1)


@pytest.fixture(scope="module")
def value(numbers: pd.DataFrame) -> np.ndarray:
    return (numbers["a"] + numbers["b"] * numbers["c"]).to_numpy()


@pytest.fixture(scope="module")
def binary(value: np.ndarray, mixed: pd.DataFrame) -> np.ndarray:
    return ((value + 1.5 * mixed["kind"].isin(list("pq"))) > 0.7).astype(int)


@pytest.fixture(scope="module")
def several(value: np.ndarray) -> np.ndarray:
    return np.digitize(value, [-0.6, 0.6])


def check(model, frame, *, method=Method.TREE, fallback=None, **options):
    """Explain 30 rows against the last 60; the values add up to the real model's own output."""
    found = explain(model, frame.iloc[:30], frame.iloc[-60:], **options)
    assert (found.method, found.fallback) == (method, fallback)
    assert found.holds, found.max_error
    assert np.isfinite(found.values).all()
    assert found.values.shape == (30, frame.shape[1])
    return found


def is_definition(model, frame, found, score):
    """The interventional values equal brute force over every coalition on the real model."""
    rows, background = frame.iloc[:4], frame.iloc[-60:]
    expected = shapley(lambda s: defined(score, rows, background, s), frame.shape[1])
    np.testing.assert_allclose(found.values[:4], expected, atol=2e-6)


# -- scikit-learn ---------------------------------------------------------------------------------------------


def test_histogram_boosting_categorical_codes(mixed, binary):
    """shap reads the codes as numbers and passes its own check with an error of log-odds units."""
    coded = mixed.assign(kind=mixed["kind"].cat.codes, place=mixed["place"].cat.codes)
    model = HistGradientBoostingClassifier(max_iter=20, categorical_features=[3, 4]).fit(coded, binary)
    check(model, coded)


@pytest.mark.parametrize("question", [None, Question.INTERVENTIONAL])
def test_histogram_boosting_from_dtype_by_both_questions(mixed, binary, question):
    model = HistGradientBoostingClassifier(max_iter=20).fit(mixed, binary)
    found = check(model, mixed, question=question)
    if question:
        is_definition(model, mixed, found, model.decision_function)


def test_histogram_boosting_interventional_keeps_double_thresholds(gaps, binary):
    model = HistGradientBoostingClassifier(max_iter=30).fit(gaps, binary)
    is_definition(model, gaps, check(model, gaps, question=Question.INTERVENTIONAL), model.decision_function)


def test_gradient_boosting_of_several_classes(numbers, several):
    model = GradientBoostingClassifier(n_estimators=10).fit(numbers, several)
    for label in ("0", "1", "2"):
        check(model, numbers, label=label)


def test_forest_with_missing_values_and_monotonic_constraint(gaps, numbers, binary):
    check(RandomForestClassifier(10, max_depth=5, random_state=0).fit(gaps, binary), gaps)
    held = RandomForestClassifier(10, max_depth=5, monotonic_cst=[1, 0, 0], random_state=0)
    check(held.fit(numbers, binary), numbers)


@pytest.mark.parametrize(
    "model",
    [
        AdaBoostClassifier(n_estimators=5),
        BaggingClassifier(n_estimators=3),
        StackingClassifier([("f", RandomForestClassifier(3, max_depth=3))], LogisticRegression(), cv=2),
        VotingClassifier([("l", LogisticRegression()), ("f", RandomForestClassifier(3))], voting="soft"),
        CalibratedClassifierCV(RandomForestClassifier(3, max_depth=3), cv=2),
    ],
)
def test_models_of_models_are_told_from_predictions(numbers, binary, model):
    found = check(model.fit(numbers, binary), numbers, method=Method.EXACT, pairs=ENUMERATE)
    assert (found.unit, found.question) == (Unit.PROBABILITY, Question.INTERVENTIONAL)


def test_isolation_forest_is_told_by_its_score_not_by_path_lengths(numbers):
    model = IsolationForest(n_estimators=5, random_state=0).fit(numbers)
    found = check(model, numbers, method=Method.EXACT, pairs=ENUMERATE)
    np.testing.assert_allclose(found.scores, model.decision_function(numbers.iloc[:30]))


def test_a_forest_of_several_quantities_gives_no_one_score(numbers, value):
    model = RandomForestRegressor(3, max_depth=3).fit(numbers, np.c_[value, value**2])
    with pytest.raises(ValueError, match="reshape"):
        explain(model, numbers.iloc[:5], numbers.iloc[-20:])


def test_pipelines_with_texts(mixed, binary):
    """Explainers on text frames, on `Pipeline` and on a bound predict_proba."""
    frame = mixed.astype({"kind": "str", "place": "str"})
    front = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind", "place"]), (StandardScaler(), NUMBERS)
    )
    forest = make_pipeline(front, RandomForestClassifier(8, max_depth=4, random_state=0)).fit(frame, binary)
    check(forest, frame)
    check(make_pipeline(front, LogisticRegression()).fit(frame, binary), frame, method=Method.LINEAR)
    boosted = make_pipeline(front, xgboost.XGBClassifier(n_estimators=8, max_depth=3)).fit(frame, binary)
    check(boosted, frame)
    light = make_pipeline(front, lightgbm.LGBMClassifier(n_estimators=8, verbose=-1)).fit(frame, binary)
    check(light, frame)


# -- XGBoost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [None, Question.INTERVENTIONAL])
@pytest.mark.parametrize("label", ["0", "2"])
def test_xgboost_softprob(numbers, several, label, question):
    """shap is off by a constant per class here."""
    model = xgboost.XGBClassifier(n_estimators=8, max_depth=3).fit(numbers, several)
    found = check(model, numbers, label=label, question=question)
    if question:
        score = lambda f: model.predict(f, output_margin=True)[:, int(label)]  # noqa: E731
        is_definition(model, numbers, found, score)


@pytest.mark.parametrize("question", [None, Question.INTERVENTIONAL])
def test_xgboost_categorical(mixed, binary, question):
    options = {"n_estimators": 10, "max_depth": 4, "enable_categorical": True, "max_cat_to_onehot": 1}
    model = xgboost.XGBClassifier(**options).fit(mixed, binary)
    found = check(model, mixed, question=question)
    if question:
        score = lambda f: model.predict(f.astype(mixed.dtypes), output_margin=True)  # noqa: E731
        is_definition(model, mixed, found, score)


@pytest.mark.parametrize(
    "objective", ["reg:squarederror", "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox"]
)
def test_xgboost_objectives(gaps, value, objective):
    target = np.round(np.abs(value)) + 1
    model = xgboost.XGBRegressor(objective=objective, n_estimators=8, max_depth=3).fit(gaps, target)
    found = check(model, gaps)
    assert found.unit is (Unit.VALUE if objective == "reg:squarederror" else Unit.LOG_VALUE)


def test_xgboost_expected_value_is_right_at_the_first_call(numbers, binary):
    model = xgboost.XGBClassifier(n_estimators=8, max_depth=3, base_score=0.2).fit(numbers, binary)
    first = check(model, numbers)
    assert check(model, numbers).base == first.base


def test_xgboost_linear_booster(gaps, binary):
    model = xgboost.XGBClassifier(booster="gblinear", n_estimators=10).fit(gaps, binary)
    check(model, gaps, method=Method.LINEAR)


def test_xgboost_dart_forest_and_early_stopping(numbers, binary):
    dart = xgboost.XGBClassifier(booster="dart", n_estimators=12, max_depth=3, rate_drop=0.3, random_state=0)
    check(dart.fit(numbers, binary), numbers)
    check(xgboost.XGBRFClassifier(n_estimators=8, max_depth=3).fit(numbers, binary), numbers)
    early = xgboost.XGBClassifier(n_estimators=60, max_depth=4, learning_rate=1.0, early_stopping_rounds=2)
    early.fit(numbers[:250], binary[:250], eval_set=[(numbers[250:], binary[250:])], verbose=False)
    assert early.best_iteration < early.get_booster().num_boosted_rounds() - 1
    check(early, numbers)


def test_xgboost_leaves_of_several_outputs_are_refused_by_name(numbers, several):
    model = xgboost.XGBClassifier(n_estimators=4, max_depth=3, multi_strategy="multi_output_tree")
    model.fit(numbers, several)
    check(model, numbers, method=Method.EXACT, fallback=Fallback.VECTOR_LEAVES, pairs=ENUMERATE)


# -- LightGBM -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [None, Question.INTERVENTIONAL])
def test_lightgbm_categorical(mixed, binary, question):
    options = {
        "n_estimators": 10,
        "verbose": -1,
        "min_child_samples": 3,
        "max_cat_to_onehot": 1,
        "min_data_per_group": 5,
    }
    model = lightgbm.LGBMClassifier(**options).fit(mixed, binary)
    found = check(model, mixed, question=question)
    if question:
        score = lambda f: model.predict(f.astype(mixed.dtypes), raw_score=True)  # noqa: E731
        is_definition(model, mixed, found, score)


def test_lightgbm_variants(gaps, numbers, binary, several, value):
    quiet = {"n_estimators": 8, "verbose": -1}
    check(lightgbm.LGBMClassifier(**quiet).fit(gaps, binary), gaps, label="0")
    check(lightgbm.LGBMClassifier(**quiet).fit(numbers, binary), gaps)  # NaN where training had none
    check(lightgbm.LGBMClassifier(**quiet, zero_as_missing=True).fit(gaps.round(), binary), gaps.round())
    check(lightgbm.LGBMClassifier(**quiet).fit(numbers, several), numbers, label="1")
    bagged = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}
    forest = lightgbm.LGBMClassifier(**quiet, **bagged).fit(numbers, binary)
    margin = check(forest, numbers).scores
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), forest.predict_proba(numbers.iloc[:30])[:, 1])
    counts = np.round(np.abs(value))
    poisson = lightgbm.LGBMRegressor(**quiet, objective="poisson").fit(numbers, counts)
    assert check(poisson, numbers).unit is Unit.LOG_VALUE


def test_lightgbm_linear_leaves_are_refused_by_name(numbers, value):
    model = lightgbm.LGBMRegressor(n_estimators=4, verbose=-1, linear_tree=True).fit(numbers, value)
    check(model, numbers, method=Method.EXACT, fallback=Fallback.LINEAR_LEAVES, pairs=ENUMERATE)


# -- CatBoost -------------------------------------------------------------------------------------------------


def test_catboost_by_its_own_values(mixed, numbers, binary, several, value):
    quiet = {"iterations": 10, "depth": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    texts = mixed.astype({"kind": "str", "place": "str"})
    model = catboost.CatBoostClassifier(**quiet, cat_features=["kind", "place"]).fit(texts, binary)
    check(model, texts, method=Method.NATIVE)
    check(catboost.CatBoostRegressor(**quiet).fit(numbers, value), numbers, method=Method.NATIVE)
    many = catboost.CatBoostClassifier(**quiet).fit(numbers, several)
    check(many, numbers, method=Method.NATIVE, label="2")


def test_catboost_multiclass_interventional_never_reaches_the_library(numbers, several):
    """There it is a segmentation fault."""
    quiet = {"iterations": 5, "depth": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    model = catboost.CatBoostClassifier(**quiet).fit(numbers, several)
    options = {"question": Question.INTERVENTIONAL, "pairs": ENUMERATE, "label": "1"}
    check(model, numbers, method=Method.EXACT, fallback=Fallback.UNSAFE, **options)
