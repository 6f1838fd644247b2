"""The job that explains a version: a stratified sample first, then more rows, all inside the isolated runner."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets import queries as datasets
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.evidence.explain import asking, commands, queries, sampling
from core.evidence.explain.asking import Answer, Wanted
from core.evidence.explain.commands import Computed
from core.evidence.explain.importance import importance
from core.evidence.explain.terms import Method
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import Files

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

BLOCK_SECONDS = 3.0  # of one isolated call: progress in between
SMALLEST_BLOCK, LARGEST_BLOCK = 200, 4000
AT_ONCE = 2  # isolated calls that run beside each other
FIRST_SECONDS = 10.0  # a model-agnostic method's time for the first sample: 50 ms a row
ALL_SECONDS = 90.0  # and for the rest, which shrinks to what this pays for
ROUTED = 5_000  # background rows for a file that keeps no counts of its training rows
SEED = asking.SEED


@dataclass(slots=True)
class _Found:
    """Attributions gathered block by block; `meta` is the first block's answer."""

    meta: Answer
    rows: list[Rows] = field(default_factory=list)
    blocks: list[Answer] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return sum(len(r) for r in self.rows)

    @property
    def method(self) -> Method:
        return self.meta.method


def explain(context: JobContext, runner: Runner) -> None:
    """Explain `payload["version_id"]`: 200 rows are stored first, then up to 10,000. Raise `Invalid`."""
    version_id = str(context.payload["version_id"])
    context.progress(0.02, N_("Reading the evaluation data"))
    with context.store.reading() as session:
        version = registry.version(session, version_id)
        task = registry.use_case_by_id(session, version.use_case_id).task
    table = datasets.frame(context.store.files, version.table_digest)
    label = _label(version, task, table)
    order = sampling.nested(table[version.label_column], seed=SEED)
    with context.store.reading() as session:
        known = queries.computed(session, version.artifact_digest, version.table_digest, label)
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
        if not self._rest(found):
            # One of the rows does not add up by the exact method: the whole table is told by one method.
            found = self._first(agnostic=True)
            self._keep(found)
            self._rest(found)
        if found.count > min(sampling.FIRST, len(self.order)):
            self._keep(found)

    def _rest(self, found: _Found) -> bool:
        """Explain what is affordable, some blocks beside each other; False when a block came by another method."""
        wanted = self._affordable(found)
        blocks = _blocks(self.order[found.count : wanted], found.seconds / max(found.count, 1))
        like = found.meta
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for block, (more, seconds) in zip(
                    blocks,
                    pool.map(lambda b: self._call(b, like, like.method.agnostic), blocks),
                    strict=True,
                ):
                    if more.method is not like.method:
                        return False
                    found.rows.append(block)
                    found.blocks.append(more)
                    found.seconds += seconds
                    self.context.progress(0.1 + 0.85 * found.count / wanted, N_("Explaining more rows"))
            finally:
                pool.shutdown(cancel_futures=True)
        return True

    def _first(self, *, agnostic: bool = False) -> _Found:
        rows = self.order[: sampling.FIRST]
        answer, seconds = self._call(rows, None, agnostic)
        return _Found(answer, [rows], [answer], seconds)

    def _affordable(self, found: _Found) -> int:
        if not found.method.agnostic:
            return len(self.order)
        per_row = max(found.seconds / max(found.count, 1), 1e-6)
        return min(len(self.order), found.count + int(ALL_SECONDS / per_row))

    def _call(self, rows: Rows, like: Answer | None, agnostic: bool) -> tuple[Answer, float]:
        """Explain some rows in the isolated runner; `like` fixes what an earlier block has chosen."""
        start = time.perf_counter()
        routed = self.version.format in {"onnx", "mlflow"}
        most = {"most": ROUTED} if routed else {}
        background = self.features.iloc[sampling.background(len(self.features), **most)]
        answer = asking.ask(
            self.runner,
            self.context.store.files.path(self.version.artifact_digest),
            self.version.format,
            self.version.names,
            self.features.iloc[rows],
            background,
            Wanted(
                label=self.label,
                budget=FIRST_SECONDS,
                pairs=like.pairs if like else 0,
                background=like.background if like else 0,
                agnostic=agnostic,
            ),
        )
        return answer, time.perf_counter() - start

    def _keep(self, found: _Found) -> None:
        names = list(self.features.columns)
        values = np.concatenate([b.values for b in found.blocks])
        scores = np.concatenate([b.scores for b in found.blocks])
        meta = found.meta
        gap = np.abs(meta.base + values.sum(axis=1) - scores) / np.maximum(1.0, np.abs(scores))
        computed = Computed(
            model_digest=self.version.artifact_digest,
            data_digest=self.version.table_digest,
            label=self.label,
            method=meta.method,
            question=meta.question,
            unit=meta.unit,
            fallback=meta.fallback,
            rows=found.count,
            population=len(self.features),
            background=meta.background,
            base=meta.base,
            max_error=float(gap.max(initial=0.0)),
            largest_standard_error=float(max(b.errors.max(initial=0.0) for b in found.blocks)),
            importance=importance(values, names, seed=SEED),
            values_digest=_write(self.context.store.files, np.concatenate(found.rows), names, values, scores),
            seconds=found.seconds,
        )
        _store(self.context, self.version.id, computed)


def _blocks(rows: Rows, per_row: float) -> list[Rows]:
    """Rows in blocks of some seconds each, as the first sample took them."""
    size = int(np.clip(BLOCK_SECONDS / max(per_row, 1e-9), SMALLEST_BLOCK, LARGEST_BLOCK))
    return [rows[first : first + size] for first in range(0, len(rows), size)]


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
