"""Real scikit-learn models: each family's exact method holds against the model, in the words of the table."""

import numpy as np
import pandas as pd
import pytest
import shap
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from core.evidence.explain.engine import ENUMERATE, NoScoreError, explain
from core.evidence.explain.shapley.columns import Transform, confirmed
from core.evidence.explain.terms import Fallback, Method, Question, Unit

TEXT = ["colour", "shape"]
NUMBERS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(900, 3)), columns=NUMBERS)
    frame.insert(1, "colour", rng.choice(["red", "green", "blue", "grey"], 900))
    frame["shape"] = rng.choice(["round", "flat", "long", "odd", "tall"], 900)
    frame.loc[rng.random(900) < 0.1, "a"] = np.nan
    return frame


@pytest.fixture(scope="module")
def score(table: pd.DataFrame) -> pd.Series:
    noise = np.random.default_rng(1).normal(size=len(table))
    return (
        table["a"].fillna(0.5)
        + 1.5 * (table["colour"] == "red")
        - (table["shape"] == "flat") * table["b"]
        + 0.3 * noise
    )


@pytest.fixture(scope="module")
def binary(score: pd.Series) -> np.ndarray:
    return np.where(score > 0.4, "yes", "no")


@pytest.fixture(scope="module")
def several(score: pd.Series) -> np.ndarray:
    return pd.cut(score, [-99, -0.5, 1, 99], labels=["low", "mid", "top"]).astype(str)


def one_hot(**options: object):
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return make_column_transformer((OneHotEncoder(**options), TEXT), (numbers, NUMBERS))


def check(model, frame: pd.DataFrame, label: str | None = None, **options):
    found = explain(model, frame.iloc[:60], frame.iloc[-80:], label=label, **options)
    assert found.holds, found.max_error
    assert found.values.shape == (60, frame.shape[1])
    return found


@pytest.mark.parametrize("encoder", [{}, {"drop": "first"}, {"min_frequency": 0.22}])
def test_forest_behind_one_hot_is_told_in_source_columns(table, binary, encoder):
    model = make_pipeline(one_hot(**encoder), RandomForestClassifier(15, max_depth=6, random_state=0)).fit(
        table, binary
    )
    found = check(model, table)
    assert (found.method, found.question, found.unit) == (Method.TREE, Question.PATH, Unit.PROBABILITY)
    assert found.max_error < 1e-12
    strongest = table.columns[np.abs(found.values).mean(axis=0).argmax()]
    assert strongest == "a"


def test_grouped_values_equal_brute_force_on_a_real_pipeline(table, binary):
    """Not the sum of one-hot values: the exact Shapley value of the source column."""
    from core.evidence.explain.shapley.extraction import extract
    from tests.core.evidence.explain.test_shapley import path_dependent, shapley

    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), remainder="passthrough"),
        RandomForestClassifier(4, max_depth=4, random_state=0),
    ).fit(table, binary)
    rows = table.iloc[:6]
    matrix = np.asarray(model[:-1].transform(rows), float)
    owners = Transform([model[0]]).owners(table.shape[1])
    assert owners == (1,) * 4 + (4,) * 5 + (0, 2, 3)
    ensemble = extract(model[-1], 1).ensemble
    single = matrix.astype(np.float32).astype(float)
    expected = shapley(lambda s: path_dependent(ensemble, single, list(owners), s), 5)
    np.testing.assert_allclose(explain(model, rows, table.tail(80)).values, expected, atol=1e-12)


@pytest.mark.parametrize("label", ["yes", "no"])
def test_histogram_boosting_with_categories_from_dtype(table, binary, label):
    """shap is wrong here by log-odds units without noticing; the gate is against the real model."""
    frame = table.astype(dict.fromkeys(TEXT, "category"))
    model = HistGradientBoostingClassifier(max_iter=40).fit(frame, binary)
    found = check(model, frame, label)
    assert (found.method, found.unit, found.label) == (Method.TREE, Unit.MARGIN, label)
    sign = 1 if label == "yes" else -1
    np.testing.assert_allclose(found.scores, sign * model.decision_function(frame.iloc[:60]))


def test_histogram_boosting_with_unknown_categories_follows_the_model(table, binary):
    frame = table.astype(dict.fromkeys(TEXT, "category"))
    model = HistGradientBoostingClassifier(max_iter=30).fit(
        frame[frame["colour"] != "grey"], binary[frame["colour"] != "grey"]
    )
    check(model, frame)


def test_histogram_boosting_behind_an_encoder(table, several):
    encoder = make_column_transformer((OrdinalEncoder(), TEXT), remainder="passthrough")
    model = make_pipeline(
        encoder, HistGradientBoostingClassifier(max_iter=15, categorical_features=[0, 1])
    ).fit(table, several)
    for label in ("low", "mid", "top"):
        assert check(model, table, label).method is Method.TREE


@pytest.mark.parametrize(
    "estimator",
    [
        ExtraTreesClassifier(10, max_depth=6, random_state=0),
        DecisionTreeClassifier(max_depth=5, random_state=0),
        GradientBoostingClassifier(n_estimators=10, random_state=0),
    ],
)
def test_other_tree_families_for_several_classes(table, several, estimator):
    model = make_pipeline(one_hot(), estimator).fit(table, several)
    assert check(model, table, "top").method is Method.TREE


def test_regressors(table, score):
    forest = make_pipeline(one_hot(), RandomForestRegressor(10, max_depth=6, random_state=0)).fit(
        table, score
    )
    assert check(forest, table).unit is Unit.VALUE
    frame = table.astype(dict.fromkeys(TEXT, "category"))
    poisson = HistGradientBoostingRegressor(loss="poisson", max_iter=30).fit(frame, np.exp(score))
    assert check(poisson, frame).unit is Unit.LOG_VALUE
    ridge = make_pipeline(one_hot(), Ridge()).fit(table, score)
    assert check(ridge, table).method is Method.LINEAR
    counts = make_pipeline(one_hot(), PoissonRegressor()).fit(table, np.exp(score))
    found = check(counts, table)
    assert (found.method, found.unit) == (Method.LINEAR, Unit.LOG_VALUE)


def test_logistic_regression_is_closed_form_in_log_odds(table, binary):
    model = make_pipeline(one_hot(), LogisticRegression()).fit(table, binary)
    found = check(model, table)
    assert (found.method, found.unit, found.question) == (Method.LINEAR, Unit.MARGIN, Question.INTERVENTIONAL)


def test_mixing_transformer_falls_back_to_predictions_alone(table, binary):
    model = make_pipeline(one_hot(), PCA(4), RandomForestClassifier(5, max_depth=4, random_state=0)).fit(
        table, binary
    )
    found = check(model, table, pairs=ENUMERATE)
    assert (found.method, found.fallback) == (Method.EXACT, Fallback.MIXED_COLUMNS)


def test_perturbation_unmasks_a_mixer_that_keeps_the_count(table):
    numbers = table[NUMBERS].fillna(0)
    mixer = PCA(3).fit(numbers)
    transform = Transform([mixer])
    assert transform.owners(3) == (0, 1, 2)
    assert not confirmed(transform, numbers.head(50), (0, 1, 2))
    assert confirmed(Transform([StandardScaler().fit(numbers)]), numbers.head(50), (0, 1, 2))


def test_unknown_models_are_explained_from_predictions(table, binary):
    model = make_pipeline(one_hot(), BaggingClassifier(n_estimators=4, random_state=0)).fit(table, binary)
    found = check(model, table, pairs=2)
    assert (found.method, found.unit) == (Method.PERMUTATION, Unit.PROBABILITY)
    assert found.errors.max() > 0


def test_values_that_do_not_add_up_are_not_served(table, binary):
    """A forest whose predict_proba was changed: its trees no longer tell what it does."""

    class Shifted(RandomForestClassifier):
        def predict_proba(self, X):
            return np.clip(super().predict_proba(X) * 0.9 + 0.05, 0, 1)

    frame = table[NUMBERS].fillna(0)
    model = Shifted(10, max_depth=4, random_state=0).fit(frame, binary)
    assert check(model, frame, pairs=ENUMERATE).method is Method.EXACT  # a subclass is not trusted
    plain = RandomForestClassifier(10, max_depth=4, random_state=0).fit(frame, binary)
    plain.predict_proba = lambda X: np.clip(RandomForestClassifier.predict_proba(plain, X) * 0.9 + 0.05, 0, 1)
    found = check(plain, frame, pairs=ENUMERATE)
    assert (found.method, found.fallback) == (Method.EXACT, Fallback.GATE)


def test_a_model_without_score_says_so(table):
    class Mute:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(NoScoreError):
        explain(Mute(), table.head(), table.head())


def test_classes_are_found_by_any_spelling(table, score):
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(
        table[NUMBERS].fillna(0), (score > 0.4).astype(int)
    )
    frame = table[NUMBERS].fillna(0)
    zero = explain(model, frame.head(5), frame, label="0")
    for spelling in ("0.0", "False"):
        np.testing.assert_array_equal(
            explain(model, frame.head(5), frame, label=spelling).values, zero.values
        )


def test_agrees_with_shap_where_shap_is_right(table, binary, score):
    frame = table[NUMBERS].fillna(0)
    forest = RandomForestClassifier(20, max_depth=7, random_state=0).fit(frame, binary)
    ours = explain(forest, frame.iloc[:40], frame)
    theirs = shap.TreeExplainer(forest).shap_values(frame.iloc[:40])[:, :, 1]
    np.testing.assert_allclose(ours.values, theirs, atol=1e-10)
    boosted = HistGradientBoostingRegressor(max_iter=30).fit(frame, score)
    ours = explain(boosted, frame.iloc[:40], frame)
    theirs = shap.TreeExplainer(boosted).shap_values(frame.iloc[:40])
    np.testing.assert_allclose(ours.values, theirs, atol=1e-6)
