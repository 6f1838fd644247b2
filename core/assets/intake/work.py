"""The evaluation job: read inertly, load and predict in isolation, measure outside, settle in one command."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets import queries as datasets
from core.assets.datasets.reading import to_parquet
from core.assets.intake import classification, commands, matching, multiclass, queries, regression, verdict
from core.assets.intake.evaluation import Confusion, Curves, Estimate
from core.assets.intake.matching import Claims
from core.assets.intake.runner import Predictions, Runner
from core.assets.intake.verdict import Verdict
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Signature, Version, VersionState
from core.errors import Invalid, TooLarge
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM

LATENCY_SECONDS = 1.0
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class _Read:
    """What inert reading found: `trusted` are all names of the file, each known or approved."""

    verdict: Verdict
    trusted: tuple[str, ...]
    unknown: tuple[str, ...]
    list_version: str


@dataclass(frozen=True, slots=True)
class _Measured:
    metrics: dict[str, Estimate]
    curves: Curves
    confusion: Confusion | None
    threshold: float | None
    columns: dict[str, object]


def evaluate(context: JobContext, runner: Runner) -> bool:
    """Evaluate the version that the payload names; return whether it became ready.

    What the file or the table is to blame for refuses the version, with the reason; a runner that cannot be
    started raises `Unavailable` and the job is tried again. A version settled already is left alone.
    """
    with context.store.reading() as view:
        version = registry.version(view, str(context.payload["version"]))
    if version.state is not VersionState.CHECKING:
        return version.state is VersionState.READY
    started = context.store.clock()
    check = _Check(context, runner, version, started)
    try:
        return check.run()
    except (Invalid, TooLarge) as reason:
        with context.store.unit_of_work(SYSTEM) as uow:
            commands.refuse_version(
                uow,
                version.id,
                reason,
                verdict=check.verdict,
                isolation=runner.level,
                names=check.unknown,
            )
        return False


class _Check:
    """One evaluation in progress: what is known so far outlives a refusal."""

    def __init__(self, context: JobContext, runner: Runner, version: Version, started: datetime) -> None:
        self._context = context
        self._runner = runner
        self._version = version
        self._started = started
        self.verdict = ""
        self.unknown: tuple[str, ...] = ()

    def run(self) -> bool:
        context, version = self._context, self._version
        files = context.store.files
        path = files.path(version.artifact_digest)
        context.progress(0.05, N_("Reading the file without running it"))
        read = self._read()
        if read is None:
            return False
        context.progress(0.2, N_("Loading the model in isolation"))
        inspected = self._runner.inspect(path, version.format, trusted=read.trusted)
        claims = Claims.read(inspected.meta)
        with context.store.reading() as view:
            dataset = datasets.dataset(view, version.dataset_id)
            case = registry.use_case_by_id(view, version.use_case_id)
        context.progress(0.3, N_("Comparing the model with the table"))
        table = datasets.frame(files, version.dataset_digest)
        signature = matching.signature(claims, case.task, table, version.label_column, dataset.protected)
        unlabelled = int(table[version.label_column].isna().sum())
        table = table[table[version.label_column].notna()].reset_index(drop=True)
        rows = table[list(signature.names)]
        context.progress(0.4, N_("Predicting every row"))
        first = self._runner.predict(
            path, version.format, rows, trusted=read.trusted, latency=LATENCY_SECONDS
        )
        context.progress(0.6, N_("Predicting again, to see whether the answers repeat"))
        second = self._runner.predict(path, version.format, rows, trusted=read.trusted)
        context.progress(0.75, N_("Measuring, with intervals"))
        labels = table[version.label_column]
        measured = _measure(version, case.task, signature, labels, first)
        context.progress(0.95, N_("Storing the evaluation"))
        kept = files.put_bytes(to_parquet(pd.DataFrame({"row": np.arange(len(rows)), **measured.columns})))
        notes = [f"type: {claims.type}", *claims.warnings]
        if unlabelled:
            notes.append(f"unlabelled: {unlabelled}")
        p50, p95 = np.quantile(first.latency_ms, [0.5, 0.95]) if len(first.latency_ms) else (0.0, 0.0)
        with context.store.unit_of_work(SYSTEM) as uow:
            return commands.record_evaluation(
                uow,
                version.id,
                started_at=self._started,
                rows=len(rows),
                metrics=measured.metrics,
                threshold=measured.threshold,
                confusion=measured.confusion,
                curves=measured.curves,
                latency_p50_ms=float(p50),
                latency_p95_ms=float(p95),
                memory_mb=max(first.memory_mb, second.memory_mb),
                reproducible=_same(first, second),
                predictions_digest=kept.digest,
                notes=notes,
                verdict=self.verdict,
                isolation=self._runner.level,
                signature=signature,
                names=read.trusted,
            )

    def _read(self) -> _Read | None:
        """Judge the file; return `None` when it has to wait for a reviewer."""
        version = self._version
        path = self._context.store.files.path(version.artifact_digest)
        options = {"format": version.format}
        meta = self._runner.run("core.assets.intake.reading:judge", path, "raw", {}, options).meta
        found = Verdict(str(meta["verdict"]))
        self.verdict = found.value
        unknown = tuple(str(n) for n in meta["unknown"])
        self.unknown = unknown if found is not Verdict.KNOWN else ()
        if found is Verdict.REFUSED:
            raise Invalid(
                "artifact.refused",
                N_("The file was not loaded, because reading it showed something no model needs: {reason}."),
                fix=N_("Save the fitted model itself with skops.io.dump, without code of your own in it."),
                field="artifact",
                reason=str(meta["reason"]),
            )
        read = _Read(found, tuple(str(n) for n in meta["names"]), unknown, str(meta["list_version"]))
        if found is Verdict.REVIEW and not self._may_load(read):
            return None
        return read

    def _may_load(self, read: _Read) -> bool:
        if self._runner.level == "basic":
            raise Invalid(
                "artifact.review_basic",
                N_(
                    "The file asks for names beyond the list, and this machine can isolate it in a basic way only."
                ),
                fix=N_("Save the model with scikit-learn's own parts only, or run Aval on Linux."),
                field="artifact",
            )
        digest = verdict.names_digest(read.unknown)
        with self._context.store.reading() as view:
            if queries.names_approved(view, self._version.artifact_digest, digest, read.list_version):
                return True
        with self._context.store.unit_of_work(SYSTEM) as uow:
            commands.ask_for_review(uow, self._version.id, read.unknown, list_version=read.list_version)
        return False


def _measure(
    version: Version, task: Task, signature: Signature, labels: "pd.Series", found: Predictions
) -> _Measured:
    column = version.label_column
    if task is Task.REGRESSION:
        truth = matching.quantities(labels, column=column)
        values = found.values.astype(np.float64)
        metrics = regression.evaluate(truth, values)
        kept: dict[str, object] = {"label": truth, "prediction": values}
        return _Measured(_finite(metrics), regression.curves(truth, values), None, None, kept)
    if found.classes != signature.classes:
        raise Invalid(
            "runner.answer",
            N_("The process of the model gave an answer that cannot be right: {reason}."),
            field="artifact",
            reason="classes that changed between two loads",
        )
    placed = matching.codes(labels, signature.classes, version.positive_label, column=column)
    if task is Task.BINARY and found.probabilities is not None:
        return _binary(version, signature, labels, placed, found.probabilities)
    return _classes(signature, placed, found)


def _binary(
    version: Version,
    signature: Signature,
    labels: "pd.Series",
    placed: NDArray[np.int64],
    probabilities: NDArray[np.float64],
) -> _Measured:
    texts = [str(v) for v in labels.map(matching.as_text).unique()]
    place = matching.positive_place(signature.classes, version.positive_label, labels=texts)
    positive, scores = placed == place, probabilities[:, place]
    threshold = DEFAULT_THRESHOLD if version.operating_threshold is None else version.operating_threshold
    names = (signature.classes[1 - place], signature.classes[place])
    predicted = scores >= threshold
    kept: dict[str, object] = {
        "label": positive.astype(np.int8),
        "prediction": predicted.astype(np.int8),
        "probability": scores,
    }
    return _Measured(
        _finite(classification.evaluate(positive, scores, threshold)),
        classification.curves(positive, scores),
        classification.confusion(positive, scores, threshold, names),
        threshold,
        kept,
    )


def _classes(signature: Signature, placed: NDArray[np.int64], found: Predictions) -> _Measured:
    predicted = found.values.astype(np.int64)
    names = np.asarray(signature.classes, dtype=object)
    kept: dict[str, object] = {"label": names[placed], "prediction": names[predicted]}
    if found.probabilities is not None:
        kept |= {f"probability_{c}": found.probabilities[:, i] for i, c in enumerate(signature.classes)}
    return _Measured(
        _finite(multiclass.evaluate(placed, predicted, found.probabilities, len(names))),
        {},
        multiclass.confusion(placed, predicted, signature.classes),
        None,
        kept,
    )


def _finite(metrics: dict[str, Estimate]) -> dict[str, Estimate]:
    """Leave out what has no value on this table; JSON knows no NaN."""
    return {n: m for n, m in metrics.items() if np.isfinite([m.value, m.low, m.high]).all()}


def _same(first: Predictions, second: Predictions) -> bool:
    if first.probabilities is None or second.probabilities is None:
        return np.array_equal(first.values, second.values)
    return np.array_equal(first.values, second.values) and np.array_equal(
        first.probabilities, second.probabilities
    )
