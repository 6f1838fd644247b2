"""The job that shakes a version's inputs and asks its model again, in the isolated runner."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.intake.predictions import Predictions
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.errors import Invalid
from core.evidence.robustness import commands, effect, shaking
from core.evidence.robustness.effect import Figure
from core.evidence.robustness.report import Line, Report
from core.evidence.robustness.shaking import Shake
from core.i18n import N_
from core.platform.jobs.handling import JobContext

SEED = 20260101
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class _Asked:
    """A version with the rows that are shaken: features, labels as stored, and how decisions are read."""

    version: Version
    task: Task
    evaluation: Evaluation
    rows: pd.DataFrame
    labels: pd.Series


def shake(context: JobContext, runner: Runner) -> None:
    """Shake `payload["version_id"]`; a model that will not answer shaken rows is a result, not a failure."""
    version_id = str(context.payload["version_id"])
    store = context.store
    context.progress(0.05, N_("Reading the evaluation data"))
    with store.reading() as view:
        version = registry.version(view, version_id)
        task = registry.use_case_by_id(view, version.use_case_id).task
        evaluation = intake.evaluation(view, version_id)
    if evaluation is None or version.score_column:
        return
    table = datasets.frame(store.files, version.table_digest)
    labelled = table.loc[table[version.label_column].dropna().index]
    stored = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    most = shaking.plan().rows
    kept = np.sort(np.random.default_rng(SEED).permutation(len(stored))[:most])
    rows = version.features_of(labelled).iloc[kept].reset_index(drop=True)
    asked = _Asked(version, task, evaluation, rows, stored["label"].iloc[kept].reset_index(drop=True))
    context.progress(0.2, N_("Shaking the inputs"))
    report = _report(context, runner, asked)
    if report is None:
        return
    with store.unit_of_work(context.actor) as uow:
        commands.store(
            uow,
            version_id,
            report,
            model_digest=version.artifact_digest,
            data_digest=version.table_digest,
        )


def _report(context: JobContext, runner: Runner, asked: _Asked) -> Report | None:
    shakes = [
        (one, table)
        for one in shaking.plan().shakes
        if (table := shaking.shaken(asked.rows, one, seed=SEED)) is not None
    ]
    clean = _predict(context, runner, asked, asked.rows)
    lines, level = [], float("nan")
    for done, (one, table) in enumerate(shakes):
        context.progress(0.25 + 0.7 * done / max(len(shakes), 1), N_("Shaking the inputs"))
        try:
            found = _predict(context, runner, asked, table)
        except Invalid as refusal:
            lines.append(Line(one.kind, one.level, one.standard, None, None, refusal.text()[:300]))
            continue
        level, drop, changed = _effect(asked, clean, found, one)
        lines.append(Line(one.kind, one.level, one.standard, drop, changed))
    metric = {Task.REGRESSION: "r2", Task.MULTICLASS: "accuracy"}.get(
        asked.task, "roc_auc" if clean.probabilities is not None else "accuracy"
    )
    return Report(metric, level, len(asked.rows), tuple(lines)) if lines and not np.isnan(level) else None


def _predict(context: JobContext, runner: Runner, asked: _Asked, rows: pd.DataFrame) -> Predictions:
    version = asked.version
    path = context.store.files.path(version.artifact_digest)
    return runner.predict(path, version.format, rows, trusted=version.names)


def _effect(
    asked: _Asked, clean: Predictions, found: Predictions, shake_: Shake
) -> tuple[float, Figure | None, Figure]:
    """Return the clean metric, its drop, and the share of decisions that changed."""
    seed = round(shake_.level * 1e6)
    if asked.task is Task.REGRESSION:
        labels = asked.labels.to_numpy(np.float64)
        values, moved = clean.values.astype(np.float64), found.values.astype(np.float64)
        told = effect.r2_drop(labels, values, moved, seed=seed)
        changed = effect.changed(effect.moved(values, moved))
    else:
        real = _truth(asked, clean)
        before, after = _decided(asked, clean), _decided(asked, found)
        changed = effect.changed(before != after)
        if asked.task is Task.BINARY and clean.probabilities is not None and found.probabilities is not None:
            place = _place(asked, clean)
            told = effect.auc_drop(
                real == place, clean.probabilities[:, place], found.probabilities[:, place]
            )
        else:
            told = effect.right_drop(before == real, after == real, seed=seed)
    level, drop = told if told is not None else (float("nan"), None)
    return level, drop, changed


def _place(asked: _Asked, found: Predictions) -> int:
    """The model's class that counts as positive."""
    labels = asked.evaluation.confusion.labels if asked.evaluation.confusion else found.classes
    return found.classes.index(labels[-1]) if labels[-1] in found.classes else len(found.classes) - 1


def _truth(asked: _Asked, found: Predictions) -> NDArray[np.int64]:
    """The true class of each row, as its place among the model's classes."""
    if asked.task is Task.BINARY:
        place = _place(asked, found)
        return np.where(asked.labels.to_numpy(bool), place, 1 - place).astype(np.int64)
    places = {name: i for i, name in enumerate(found.classes)}
    return asked.labels.map(lambda v: places.get(str(v), -1)).to_numpy(np.int64)


def _decided(asked: _Asked, found: Predictions) -> NDArray[np.int64]:
    """The decision in each row: by the operating threshold where there are probabilities of two classes."""
    if asked.task is Task.BINARY and found.probabilities is not None:
        place = _place(asked, found)
        threshold = asked.evaluation.threshold
        cut = DEFAULT_THRESHOLD if threshold is None else threshold
        return np.where(found.probabilities[:, place] >= cut, place, 1 - place).astype(np.int64)
    return found.values.astype(np.int64)
