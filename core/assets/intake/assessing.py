"""Asking a model, or the scores that came in its place, and measuring the answers: the same for job and command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.assets.intake import failures, matching, scores
from core.assets.intake.matching import Claims
from core.assets.intake.measuring import Measured, Question, measure
from core.assets.intake.predictions import Predictions
from core.assets.intake.runner import Runner
from core.assets.registry.version import Signature
from core.errors import Invalid
from core.i18n import N_

LATENCY_SECONDS = 1.0
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two isolated loads compare: in how many rows they differ, and by how much at most."""

    rows: int
    largest: float

    @property
    def exact(self) -> bool:
        """Whether the answers agree bit for bit."""
        return self.rows == 0


@dataclass(frozen=True, slots=True)
class Assessed:
    """What asking found; latencies are milliseconds for one row, memory is MiB of the whole process."""

    type: str
    warnings: tuple[str, ...]
    signature: Signature
    measured: Measured
    rows: int
    unlabelled: int
    latency_p50_ms: float
    latency_p95_ms: float
    memory_mb: float
    predict_seconds: float
    agreement: Agreement | None


def assess(
    runner: Runner,
    path: Path,
    kind: str,
    table: pd.DataFrame,
    question: Question,
    *,
    trusted: tuple[str, ...],
    claims: Claims,
    progress: Progress = lambda _share, _text: None,
) -> Assessed:
    """Predict every row twice in isolation and measure the answers; raise `Invalid` where model and table disagree."""
    label = question.label_column
    signature = matching.signature(
        claims, question.task, table, label, question.protected, question.mapping or {}
    )
    labels, unlabelled = _labelled(table, label)
    rows = _features(table.loc[labels.index], signature, question.mapping or {})
    progress(0.4, N_("Predicting every row"))
    first = runner.predict(path, kind, rows, trusted=trusted, latency=LATENCY_SECONDS)
    progress(0.6, N_("Predicting again, to see whether the answers repeat"))
    second = runner.predict(path, kind, rows, trusted=trusted)
    progress(0.75, N_("Measuring, with intervals"))
    measured = measure(question, signature, labels, first)
    p50, p95 = np.quantile(first.latency_ms, [0.5, 0.95]) if len(first.latency_ms) else (0.0, 0.0)
    return Assessed(
        claims.type,
        claims.warnings,
        signature,
        measured,
        len(rows),
        unlabelled,
        float(p50),
        float(p95),
        max(first.memory_mb, second.memory_mb),
        first.seconds + second.seconds,
        agreement(first, second),
    )


def assess_scores(table: pd.DataFrame, question: Question) -> Assessed:
    """Measure the scores that came with the table; there is nothing to ask, and nothing to repeat."""
    labels, unlabelled = _labelled(table, question.label_column)
    found, signature = scores.read(table.loc[labels.index], labels, question)
    measured = measure(question, signature, labels, found)
    return Assessed("", (), signature, measured, len(labels), unlabelled, 0.0, 0.0, 0.0, 0.0, None)


def agreement(first: Predictions, second: Predictions) -> Agreement:
    """Compare two answers to the same rows."""
    if first.classes != second.classes or (first.probabilities is None) != (second.probabilities is None):
        raise failures.bad_answer("changed")
    differs = first.values != second.values
    largest = 0.0 if first.classes else float(np.max(np.abs(first.values - second.values), initial=0.0))
    if first.probabilities is not None and second.probabilities is not None:
        gaps = np.abs(first.probabilities - second.probabilities).max(axis=1)
        differs = differs | (gaps > 0)
        largest = float(gaps.max())
    return Agreement(int(differs.sum()), largest)


def _labelled(table: pd.DataFrame, label: str) -> tuple[pd.Series, int]:
    labels = table[label].dropna()
    if not len(labels):
        raise Invalid(
            "label.none",
            N_("The column {column} is empty."),
            fix=N_("Send a table in which the label is known."),
            field="label_column",
            column=label,
        )
    return labels, len(table) - len(labels)


def _features(table: pd.DataFrame, signature: Signature, mapping: Mapping[str, str]) -> pd.DataFrame:
    columns = [mapping.get(name, name) for name in signature.names]
    return table[columns].set_axis(list(signature.names), axis="columns").reset_index(drop=True)
