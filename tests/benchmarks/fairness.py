"""Fairness from counts: 100,000 rows in ten groups with 1,000 resamples, beside fairlearn in the same run."""

import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from core.evidence.fairness import groups, parity, tally

ROWS = 100_000
THEIRS = 2
"""Resamples that fairlearn is asked for: it takes seconds for each, and a thousand are so many times as long."""


def counts(_folder: Path) -> Iterator[Mapping[str, float]]:
    """Group by two attributes, count, compare in every metric, resample; then fairlearn's MetricFrame on the same rows."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"race": rng.choice(list("ABCDE"), ROWS), "sex": rng.choice(["M", "F"], ROWS)})
    truth = rng.random(ROWS) < 0.5
    said = np.where(rng.random(ROWS) < 0.8, truth, ~truth)
    score = rng.random(ROWS)
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        both = groups.crossed(groups.attribute("race", table["race"]), groups.attribute("sex", table["sex"]))
        found = parity.compare(both, tally.of_classes(both, truth, said, score))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        theirs, draws = _fairlearn(table, truth, said)
        gap = found.gap(tally.Metric.SELECTION)
        if gap is None or abs(gap.difference.value - theirs[1]) > 1e-12:
            raise RuntimeError("fairlearn answers otherwise")
        yield {
            "fairness": cpu,
            "fairness_fairlearn": theirs[0] / cpu,
            "fairness, wall s": wall,
            "fairlearn without resamples, CPU s": theirs[0],
            "fairlearn, 1,000 resamples, CPU s (from 2)": draws / THEIRS * 1000,
        }


def _fairlearn(table: pd.DataFrame, truth: np.ndarray, said: np.ndarray) -> tuple[tuple[float, float], float]:
    """Return CPU seconds and the difference in selection without resamples, and CPU seconds of the resamples alone."""
    from fairlearn import metrics as fl
    from sklearn.metrics import accuracy_score, precision_score

    asked = {
        "selection": fl.selection_rate,
        "tpr": fl.true_positive_rate,
        "fpr": fl.false_positive_rate,
        "precision": precision_score,
        "accuracy": accuracy_score,
    }
    words = {"metrics": asked, "y_true": truth, "y_pred": said, "sensitive_features": table}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = time.process_time()
        frame = fl.MetricFrame(**words)
        difference = float(frame.difference()["selection"])
        plain = time.process_time() - begin
        begin = time.process_time()
        fl.MetricFrame(**words, n_boot=THEIRS, ci_quantiles=[0.025, 0.975], random_state=0)
        return (plain, difference), max(time.process_time() - begin - plain, 0.0)
