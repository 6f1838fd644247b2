"""Performance before labels: NannyML's own figures on its own data, and estimates that hold what they promise."""

import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from core.evidence.monitoring import estimated, performance
from core.evidence.monitoring.performance import Metric

NANNYML = "0.13.1"
AUC = [0.97074, 0.97101, 0.97141, 0.97109, 0.97112, 0.96109, 0.96182, 0.96107, 0.96253, 0.96132]


def _labels(rng: np.random.Generator, n: int, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels; with `sharp` of 1 the score is the probability."""
    logit = rng.normal(-1, 1.5, n)
    p = 1 / (1 + np.exp(-logit))
    return 1 / (1 + np.exp(-sharp * logit)), rng.random(n) < p


@pytest.mark.parametrize("seed", range(5))
def test_isotonic_equals_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, truth = _labels(rng, 800, 2)
    score = np.round(score, 2 if seed % 2 else 6)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, truth)
    asked = rng.uniform(-0.1, 1.1, 500)
    assert estimated.isotonic(score, truth)(asked) == pytest.approx(theirs.predict(asked), abs=1e-12)


def test_calibration_only_where_it_helps() -> None:
    rng = np.random.default_rng(0)
    grid = np.linspace(0.05, 0.8, 20)
    assert estimated.calibrate(*_labels(rng, 20_000))(grid) == pytest.approx(grid, abs=0.06)
    assert estimated.calibrate(np.repeat([0.2, 0.8], 500), np.arange(1000) >= 500) == estimated.Calibration(
        (0.2, 0.8), (0, 1)
    )
    assert estimated.calibrate(*_labels(rng, 100)) == estimated.Calibration()
    sharp = estimated.calibrate(*_labels(rng, 20_000, 3))
    assert sharp.scores
    score, truth = _labels(rng, 20_000, 3)
    assert estimated.calibration_error(sharp(score), truth) < 0.02 < estimated.calibration_error(score, truth)


@pytest.mark.parametrize("sharp", [1.0, 3.0])
def test_intervals_hold_the_realized_value(sharp: float) -> None:
    rng = np.random.default_rng(1)
    calibration = estimated.calibrate(*_labels(rng, 60_000, sharp))
    held = dict.fromkeys(("accuracy", "precision", "recall", "f1", "roc_auc", "brier"), 0)
    turns = 120
    for _ in range(turns):
        score, truth = _labels(rng, 1500, sharp)
        guess = estimated.estimated_binary(score, score > 0.5, calibration)
        real = performance.binary(truth, score > 0.5, score)
        for name in held:
            one = guess[Metric(name)]
            held[name] += one.low <= real[Metric(name)].value <= one.high
    print({name: count / turns for name, count in held.items()})
    assert min(held.values()) >= 0.88 * turns


def test_one_class_and_no_rows() -> None:
    none = np.empty(0)
    assert estimated.estimated_binary(none, none.astype(bool), estimated.Calibration()) == {}
    sure = estimated.estimated_binary(np.ones(5), np.zeros(5, dtype=bool), estimated.Calibration())
    assert Metric.PRECISION not in sure
    assert Metric.ROC_AUC not in sure
    assert sure[Metric.ACCURACY].value == 0


def test_direct_loss_follows_where_errors_grow() -> None:
    rng = np.random.default_rng(3)

    def draw(n: int, middle: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = np.column_stack([rng.normal(middle, 1, n), rng.standard_normal(n)])
        return x, 3 * x[:, 0], 3 * x[:, 0] + rng.standard_normal(n) * np.exp(x[:, 0] / 2)

    model = estimated.learn_loss(*draw(20_000, 0))
    for middle in (-0.5, 0.0, 0.7):
        x, said, truth = draw(5000, middle)
        guess, real = estimated.estimated_regression(x, said, model), performance.regression(truth, said)
        assert guess[Metric.MAE].value == pytest.approx(real[Metric.MAE].value, rel=0.06)
        assert guess[Metric.RMSE].value == pytest.approx(real[Metric.RMSE].value, rel=0.12)


@pytest.fixture(scope="session")
def nannyml_sample(pytestconfig: pytest.Config) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables that NannyML's package brings; it is fetched once, unpacked and never run."""
    folder = pytestconfig.cache.mkdir(f"nannyml-{NANNYML}")
    if not any(folder.glob("*.whl")):
        told = subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--dest", str(folder), f"nannyml=={NANNYML}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if told.returncode:
            pytest.skip(f"nannyml {NANNYML} cannot be fetched: {told.stderr[-200:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        reference, analysis = (
            pd.read_csv(wheel.open(f"nannyml/datasets/data/synthetic_sample_{part}.csv"))
            for part in ("reference", "analysis")
        )
    return reference, analysis


def test_cbpe_equals_nannyml(nannyml_sample: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    reference, analysis = nannyml_sample
    calibration = estimated.calibrate(
        reference["y_pred_proba"].to_numpy(), reference["work_home_actual"].to_numpy() == 1
    )
    found = []
    for start in range(0, len(analysis), 5000):
        score = analysis["y_pred_proba"].to_numpy()[start : start + 5000]
        found.append(estimated.estimated_binary(score, score >= 0.8, calibration))
    assert [one[Metric.ROC_AUC].value for one in found] == pytest.approx(AUC, abs=1e-3)
    assert found[0][Metric.ACCURACY].value == pytest.approx(0.92101, abs=1e-3)
    assert found[-1][Metric.ACCURACY].value == pytest.approx(0.86932, abs=1e-3)
