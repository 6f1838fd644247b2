"""The job that explains a version: a stratified sample first, then more rows, all inside the isolated runner."""

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets import queries as datasets
from core.assets.intake.runner import Result, Runner
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.errors import Invalid
from core.evidence.explain import commands, queries, sampling
from core.evidence.explain.commands import Computed
from core.evidence.explain.importance import importance
from core.evidence.explain.terms import Fallback, Method, Question, Unit
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import Files

Floats = NDArray[np.float64]

TASK = "core.evidence.explain.isolated:attribute"
BLOCK = 600  # rows per isolated call: progress in between
FIRST_SECONDS = 15.0  # a model-agnostic method's time for the first sample
ALL_SECONDS = 90.0  # and for the rest, which shrinks to what this pays for
SEED = 20260101


@dataclass(slots=True)
class _Found:
    """Attributions gathered block by block."""

    meta: Mapping[str, object]
    rows: list[NDArray[np.int64]] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)
    errors: list[Floats] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return sum(len(r) for r in self.rows)

    @property
    def method(self) -> Method:
        return Method(str(self.meta["method"]))


def explain(context: JobContext, runner: Runner) -> None:
    """Explain `payload["version_id"]`: 200 rows are stored first, then up to 2,000. Raise `Invalid`."""
    version_id = str(context.payload["version_id"])
    context.progress(0.02, N_("Reading the evaluation data"))
    with context.store.reading() as session:
        version = registry.version(session, version_id)
        task = registry.use_case_by_id(session, version.use_case_id).task
    table = datasets.frame(context.store.files, version.dataset_digest)
    label = _label(version, task, table)
    order = sampling.nested(table[version.label_column], seed=SEED)
    with context.store.reading() as session:
        known = queries.computed(session, version.artifact_digest, version.dataset_digest, label)
        own = queries.explanation(session, version_id)
    # A mapping feeds the same model other columns: what was computed without it says nothing.
    if known is not None and not version.mapping and known.rows >= len(order):
        if own is None or own.rows < known.rows:
            _store(context, version_id, _again(known))
        return
    _Explaining(context, runner, version, version.features_of(table), label, order).run()


def _label(version: Version, task: Task, table: pd.DataFrame) -> str:
    """The class whose score is explained: the positive (else the second) one, or the most frequent of several."""
    if task is Task.REGRESSION:
        return ""
    values = table[version.label_column].dropna()
    if task is Task.BINARY:
        return version.positive_label or max((str(v) for v in sorted(values.unique())[-1:]), default="")
    counts = values.astype("string").value_counts()
    return str(counts.index[0]) if len(counts) else ""


@dataclass(slots=True)
class _Explaining:
    """One run of the job."""

    context: JobContext
    runner: Runner
    version: Version
    features: pd.DataFrame
    label: str
    order: NDArray[np.int64]

    def run(self) -> None:
        self.context.progress(0.05, N_("Explaining a first sample of rows"))
        found = self._first()
        self._keep(found)
        wanted = self._affordable(found)
        while found.count < wanted:
            self.context.progress(0.1 + 0.85 * found.count / wanted, N_("Explaining more rows"))
            block = self.order[found.count : min(found.count + BLOCK, wanted)]
            more = self._call(block, like=found, agnostic=_agnostic(found.method))
            if more.method is not found.method:
                # One of these rows does not add up by the exact method: the whole table is told by one method.
                found = self._first(agnostic=True)
                self._keep(found)
                wanted = self._affordable(found)
                continue
            found = _joined(found, more)
        if found.count > min(sampling.FIRST, len(self.order)):
            self._keep(found)

    def _first(self, *, agnostic: bool = False) -> _Found:
        return self._call(self.order[: sampling.FIRST], agnostic=agnostic)

    def _affordable(self, found: _Found) -> int:
        if not _agnostic(found.method):
            return len(self.order)
        per_row = max(found.seconds / max(found.count, 1), 1e-6)
        return min(len(self.order), found.count + int(ALL_SECONDS / per_row))

    def _call(self, rows: NDArray[np.int64], *, like: _Found | None = None, agnostic: bool = False) -> _Found:
        """Explain some rows in the isolated runner; `like` fixes what an earlier block has chosen."""
        start = time.perf_counter()
        outcome = self.runner.run(
            TASK,
            self.context.store.files.path(self.version.artifact_digest),
            self.version.format,
            {
                "rows": self.features.iloc[rows].reset_index(drop=True),
                "background": self.features.iloc[sampling.background(len(self.features))].reset_index(
                    drop=True
                ),
            },
            {
                "label": self.label,
                "budget": FIRST_SECONDS,
                "seed": SEED,
                "pairs": like.meta["pairs"] if like else 0,
                "background": like.meta["background"] if like else 0,
                "agnostic": agnostic,
            },
            trusted=self.version.names,
        )
        found = _claimed(outcome, rows, self.features.shape[1])
        found.seconds = time.perf_counter() - start
        return found

    def _keep(self, found: _Found) -> None:
        names = list(self.features.columns)
        values, scores = np.concatenate(found.values), np.concatenate(found.scores)
        base = float(str(found.meta["base"]))
        gap = np.abs(base + values.sum(axis=1) - scores) / np.maximum(1.0, np.abs(scores))
        fallback = str(found.meta["fallback"])
        computed = Computed(
            model_digest=self.version.artifact_digest,
            data_digest=self.version.dataset_digest,
            label=self.label,
            method=found.method,
            question=Question(str(found.meta["question"])),
            unit=Unit(str(found.meta["unit"])),
            fallback=Fallback(fallback) if fallback else None,
            rows=found.count,
            population=len(self.features),
            background=int(str(found.meta["background"])),
            base=base,
            max_error=float(gap.max(initial=0.0)),
            largest_standard_error=float(np.concatenate(found.errors).max(initial=0.0)),
            importance=importance(values, names, seed=SEED),
            values_digest=_write(self.context.store.files, np.concatenate(found.rows), names, values, scores),
            seconds=found.seconds,
        )
        _store(self.context, self.version.id, computed)


def _claimed(outcome: Result, rows: NDArray[np.int64], features: int) -> _Found:
    """What the child claims, checked: shapes, finite numbers, known words. Raise `Invalid`."""
    meta = outcome.meta
    if meta.get("refused"):
        raise Invalid(
            "explanation.no_score",
            N_("The model gives neither a probability nor a score, so its decisions cannot be explained."),
            fix=N_("Upload a model with predict_proba or decision_function."),
        )
    try:
        words = {
            "method": Method(str(meta["method"])).value,
            "question": Question(str(meta["question"])).value,
            "unit": Unit(str(meta["unit"])).value,
            "fallback": Fallback(str(meta["fallback"])).value if meta["fallback"] else "",
        }
        numbers = {
            "base": float(meta["base"]),
            "background": int(meta["background"]),
            "pairs": int(meta["pairs"]),
        }
        values, scores, errors = (
            np.asarray(outcome.arrays[name], np.float64) for name in ("values", "scores", "errors")
        )
    except (KeyError, ValueError, TypeError):
        raise _not_an_answer() from None
    if values.shape != (len(rows), features) or errors.shape != values.shape or scores.shape != (len(rows),):
        raise _not_an_answer()
    if not (np.isfinite(values).all() and np.isfinite(scores).all() and np.isfinite(numbers["base"])):
        raise Invalid(
            "explanation.not_finite",
            N_("The model's output is not a number for some rows, so it cannot be explained."),
            fix=N_("Find the rows on which the model predicts NaN or infinity."),
        )
    return _Found({**words, **numbers}, rows=[rows], values=[values], scores=[scores], errors=[errors])


def _not_an_answer() -> Invalid:
    return Invalid(
        "explanation.answer",
        N_("The process of the model gave an answer that is no explanation."),
        fix=N_("Save the model again and upload it as a new version."),
    )


def _agnostic(method: Method) -> bool:
    return method in {Method.EXACT, Method.PERMUTATION}


def _joined(found: _Found, more: _Found) -> _Found:
    return _Found(
        meta=found.meta,
        rows=found.rows + more.rows,
        values=found.values + more.values,
        scores=found.scores + more.scores,
        errors=found.errors + more.errors,
        seconds=found.seconds + more.seconds,
    )


def _write(files: Files, rows: NDArray[np.int64], names: list[str], values: Floats, scores: Floats) -> str:
    """Store rows, scores and float32 values as Parquet; return the digest."""
    table = pd.DataFrame(values.astype(np.float32), columns=[queries.PREFIX + n for n in names])
    table.insert(0, "row", rows)
    table.insert(1, "score", scores)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return files.put_bytes(buffer.getvalue()).digest


def _store(context: JobContext, version_id: str, computed: Computed) -> None:
    with context.store.unit_of_work(context.actor) as uow:
        commands.store(uow, version_id, computed)


def _again(known: queries.Explanation) -> Computed:
    """The explanation of another version with the same bytes and data: read, not computed."""
    names = Computed.__dataclass_fields__
    return Computed(**{name: getattr(known, name) for name in names})
