"""A version held against the live one: on the same rows by paired bootstrap, otherwise by the intervals."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.assets.intake.evaluation import Evaluation
from core.assets.registry import Version
from core.decisions.releases import paired
from core.decisions.releases.gates import Measured
from core.i18n import N_

COMPARED: Mapping[str, str] = {
    "paired": N_("Paired bootstrap over the same rows."),
    "intervals": N_("Evaluated on different data: the intervals are compared, not the rows."),
}


Rows = Callable[[str], pd.DataFrame]
"""Stored predictions by their digest."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A version with its evaluation, as the comparison reads it."""

    version: Version
    evaluation: Evaluation | None


def measured(evaluation: Evaluation) -> dict[str, Measured]:
    """The evaluation's metrics as the gates read them."""
    return {name: Measured(e.value, e.low, e.high, e.n) for name, e in evaluation.metrics.items()}


def compare(
    candidate: Contender,
    champion: Contender | None,
    metric: str,
    rows: Rows,
    *,
    draws: int,
    answers: str = "",
) -> tuple[Measured | None, str]:
    """Candidate minus champion in `metric`, and the reason where there is none.

    On the same rows by paired bootstrap, otherwise by the intervals of the two evaluations. The rows are the same where
    both were evaluated on them, or where `answers` names what the champion said of the candidate's.
    """
    if champion is None:
        return None, N_("No version is live yet.")
    mine, theirs = candidate.evaluation, champion.evaluation
    other = answers or (theirs.predictions_digest if theirs else "")
    if mine is None or not other:
        return None, N_("One of the two versions is not evaluated.")
    same = bool(answers) or (
        candidate.version.dataset_digest == champion.version.dataset_digest
        and candidate.version.label_column == champion.version.label_column
        and candidate.version.positive_label == champion.version.positive_label
    )
    if same and metric in paired.METRICS:
        a = rows(mine.predictions_digest).set_index("row").sort_index()
        b = rows(other).set_index("row").sort_index()
        lacking = metric == "roc_auc" and not {"probability"} <= set(a.columns) & set(b.columns)
        if a.index.equals(b.index) and not lacking:
            seed = hashlib.sha256(f"{mine.predictions_digest}{other}".encode()).digest()
            difference = paired.paired_difference(
                metric_of(metric, a),
                metric_of(metric, b),
                len(a),
                draws=draws,
                seed=int.from_bytes(seed[:8]),
            )
            return difference, "" if difference else N_("The metric is not defined on these rows.")
    difference = by_intervals(mine, theirs, metric) if theirs else None
    if difference is None:
        return None, N_("One of the two evaluations holds no such metric.")
    return difference, ""


def by_intervals(mine: Evaluation, theirs: Evaluation, metric: str) -> Measured | None:
    """The difference of two evaluations without looking at their rows; none where either lacks the metric."""
    ours, other = measured(mine).get(metric), measured(theirs).get(metric)
    return paired.interval_difference(ours, other) if ours and other else None


def metric_of(metric: str, predictions: pd.DataFrame) -> paired.WeightedMetric:
    """The weighted metric of stored predictions: `label`, `prediction`, and `probability` of a binary task.

    The label of a binary task is 1 for the positive class.
    """
    if metric == "roc_auc":
        truth = predictions["label"].to_numpy(dtype=int) == 1
        return paired.roc_auc(truth, predictions["probability"].to_numpy(dtype=float))
    if metric == "r2":
        return paired.r2(
            predictions["label"].to_numpy(dtype=float), predictions["prediction"].to_numpy(dtype=float)
        )
    both = pd.concat([predictions["label"].astype(str), predictions["prediction"].astype(str)])
    codes = pd.factorize(both)[0].astype(np.int64)
    return paired.METRICS[metric](codes[: len(predictions)], codes[len(predictions) :])
