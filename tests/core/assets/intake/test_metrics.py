"""Metrics against scikit-learn, intervals against their meaning, and their cost."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from core.assets.intake import classification, multiclass, regression


@given(st.integers(20, 300), st.integers(0, 10_000), st.integers(1, 4), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_binary_metrics_are_those_of_scikit_learn(rows, seed, digits, threshold):
    generator = np.random.default_rng(seed)
    labels = generator.random(rows) < 0.4
    labels[:2] = True, False
    scores = np.round(generator.random(rows), digits)
    ranked = classification._Ranked.rows(labels, scores, threshold)
    found = dict(zip(classification.BINARY, ranked.metrics(np.ones(rows)), strict=True))
    said = scores >= threshold
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(labels, scores))
    assert found["average_precision"] == pytest.approx(reference.average_precision_score(labels, scores))
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, said))
    assert found["precision"] == pytest.approx(reference.precision_score(labels, said, zero_division=0))
    assert found["recall"] == pytest.approx(reference.recall_score(labels, said))
    assert found["f1"] == pytest.approx(reference.f1_score(labels, said, zero_division=0))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, scores))
    assert found["log_loss"] == pytest.approx(reference.log_loss(labels, scores), rel=1e-6)
    false_rate, true_rate, _ = reference.roc_curve(labels, scores)
    assert found["ks"] == pytest.approx(np.max(np.abs(true_rate - false_rate)))
    means, rates, counts = classification.calibration(labels, scores)
    expected = sum(n * abs(m - r) for m, r, n in zip(means, rates, counts, strict=True)) / rows
    assert found["ece"] == pytest.approx(expected)
    assert sum(map(sum, classification.confusion(labels, scores, threshold, ("n", "y")).counts)) == rows


@given(st.integers(30, 200), st.integers(0, 10_000), st.integers(3, 5))
@settings(max_examples=30, deadline=None)
def test_metrics_of_several_classes_are_those_of_scikit_learn(rows, seed, classes):
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, rows - classes)])
    scores = generator.dirichlet(np.ones(classes), rows)
    measure = multiclass._Measure(labels, scores.argmax(1), scores, classes)
    found = dict(zip(multiclass.WITH_PROBABILITIES, measure.metrics(np.ones(rows)), strict=True))
    assert found["f1_macro"] == pytest.approx(reference.f1_score(labels, scores.argmax(1), average="macro"))
    assert found["roc_auc_ovr"] == pytest.approx(reference.roc_auc_score(labels, scores, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(reference.log_loss(labels, scores))


@given(st.integers(10, 300), st.integers(0, 10_000), st.floats(-1e6, 1e6))
@settings(max_examples=30, deadline=None)
def test_regression_metrics_are_those_of_scikit_learn(rows, seed, shift):
    generator = np.random.default_rng(seed)
    labels = generator.normal(size=rows) + shift
    predicted = labels + generator.normal(size=rows) + 0.3
    found = {n: m.value for n, m in regression.evaluate(labels, predicted).items()}
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(labels, predicted))
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(labels, predicted))
    assert found["r2"] == pytest.approx(reference.r2_score(labels, predicted), rel=1e-4, abs=1e-4)
    assert found["bias"] == pytest.approx(float(np.mean(predicted - labels)), abs=1e-6)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """95 % intervals of the AUC over 120 samples of a known population: true value 0.760 (two normals, d = 1)."""
    held = 0
    for seed in range(120):
        generator = np.random.default_rng(seed)
        labels = np.arange(400) < 160
        scores = 1 / (1 + np.exp(-(generator.normal(size=400) + labels)))
        found = classification.evaluate(labels, scores, 0.5, seed=seed)["roc_auc"]
        held += found.low <= 0.7602 <= found.high
    assert 105 <= held <= 120


def test_a_resample_keeps_the_classes():
    labels = np.arange(50) < 5
    strata = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    from core.assets.intake.resampling import draw

    for weights in draw(strata, 50):
        assert (weights[labels].sum(), weights[~labels].sum()) == (5, 45)


def test_20_000_rows_with_500_resamples_in_three_seconds_of_processor_time():
    generator = np.random.default_rng(0)
    labels = generator.random(20_000) < 0.2
    scores = np.clip(generator.beta(2, 5, 20_000) + 0.1 * labels, 0, 1)
    started = time.process_time()
    classification.evaluate(labels, scores, 0.5)
    assert time.process_time() - started < 3


def test_curves_are_short():
    generator = np.random.default_rng(0)
    labels, scores = generator.random(5000) < 0.3, generator.random(5000)
    for curve in [
        *classification.curves(labels, scores).values(),
        *regression.curves(scores, scores[::-1]).values(),
    ]:
        assert all(0 < len(series) <= 200 for series in curve.values())
        assert len({len(series) for series in curve.values()}) == 1
