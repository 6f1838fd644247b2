"""Metrics equal scikit-learn's; their closed-form intervals cover what they claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from core.evidence.monitoring import performance
from core.evidence.monitoring.performance import Metric


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 400), ties=st.booleans(), seed=st.integers(0, 10**6))
def test_binary_equals_scikit_learn(n, ties, seed):
    rng = np.random.default_rng(seed)
    score = rng.random(n).round(1 if ties else 9)
    truth = rng.random(n) < score
    said = score >= 0.5
    found = performance.binary(truth, said, score)
    assert found[Metric.ACCURACY].value == pytest.approx(metrics.accuracy_score(truth, said))
    assert found[Metric.BRIER].value == pytest.approx(np.mean((score - truth) ** 2))
    if said.any() and truth.any():
        assert found[Metric.F1].value == pytest.approx(metrics.f1_score(truth, said))
        assert found[Metric.PRECISION].value == pytest.approx(metrics.precision_score(truth, said))
        assert found[Metric.RECALL].value == pytest.approx(metrics.recall_score(truth, said))
    if truth.any() and not truth.all():
        assert found[Metric.ROC_AUC].value == pytest.approx(metrics.roc_auc_score(truth, score), abs=1e-12)
    else:
        assert Metric.ROC_AUC not in found


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 300), seed=st.integers(0, 10**6))
def test_regression_and_classes_equal_scikit_learn(n, seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(10, 3, n)
    said = truth + rng.normal(0.5, 1, n)
    found = performance.regression(truth, said)
    assert found[Metric.MAE].value == pytest.approx(metrics.mean_absolute_error(truth, said))
    assert found[Metric.RMSE].value == pytest.approx(metrics.root_mean_squared_error(truth, said))
    assert found[Metric.R2].value == pytest.approx(metrics.r2_score(truth, said))
    assert found[Metric.BIAS].value == pytest.approx(np.mean(said - truth))
    labels, guesses = rng.integers(0, 4, n), rng.integers(0, 4, n)
    classes = performance.multiclass(labels, guesses, 4)
    assert classes[Metric.F1_MACRO].value == pytest.approx(metrics.f1_score(labels, guesses, average="macro"))
    assert classes[Metric.ACCURACY].value == pytest.approx(metrics.accuracy_score(labels, guesses))


def test_intervals_cover():
    rng = np.random.default_rng(7)
    population = 400_000
    score = rng.beta(2, 4, population)
    truth = rng.random(population) < score
    said = score >= 0.4
    whole = performance.binary(truth, said, score)
    hits = dict.fromkeys(whole, 0)
    for _ in range(400):
        rows = rng.integers(0, population, 400)
        for metric, one in performance.binary(truth[rows], said[rows], score[rows]).items():
            hits[metric] += one.low <= whole[metric].value <= one.high
    for metric, count in hits.items():
        assert 0.92 <= count / 400 <= 0.98, metric


def test_nothing_to_measure():
    none = np.zeros(0)
    assert performance.binary(none.astype(bool), none.astype(bool), none) == {}
    assert performance.regression(none, none) == {}
    assert performance.multiclass(none.astype(int), none.astype(int), 3) == {}
    assert Metric.LABEL_COVERAGE not in performance.volume(0, 0)
