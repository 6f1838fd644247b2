"""The job that explains rows of the prediction log and holds each month against the evaluation data."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.assets.datasets import queries as datasets
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.evidence.attribution_drift import commands, queries
from core.evidence.attribution_drift.shift import Floats, Month, shifts
from core.evidence.explain import asking, sampling
from core.evidence.explain import queries as explanations
from core.evidence.explain.asking import Wanted
from core.evidence.explain.terms import Method
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring import replayed
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.logged import sampled
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import Grain, window_of
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import Files

ROWS, ROWS_AGNOSTIC = 500, 100
"""Rows of a month: a tree's are explained in milliseconds, others cost up to 50 ms each."""
FEWEST = 30
MOST_MONTHS = 24
SECONDS = 30.0


def measure(context: JobContext, runner: Runner) -> None:
    """Explain the newest months of `payload["version_id"]` whose rows changed; with `over`, only months that are over.

    Raise `Invalid` where the model does not answer on logged rows.
    """
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        explanation = explanations.explanation(view, version_id)
        if explanation is None:
            return
        stale = queries.stale(view, explanation, over=bool(context.payload.get("over")))
        parts = monitoring.parts(view, version_id, BatchKind.PREDICTIONS)
    before = explanations.attributions(store.files, explanation)
    names = list(version.signature.names)
    reference = before[names].to_numpy(np.float64)
    asked = _Asked(runner, version, explanation.label, explanation.method, store.files)
    found: list[Month] = []
    wanted = sorted(stale)[-MOST_MONTHS:]
    for done, start in enumerate(wanted):
        context.progress(done / len(wanted), N_("Explaining rows of the prediction log"))
        held = [p for p in parts if window_of(p.day, Grain.MONTH).start == start]
        if sum(p.rows for p in held) < FEWEST:
            continue
        values = asked.of(held)
        found.append(Month(start, stale[start], len(values), shifts(reference, values, names)))
    with store.unit_of_work(context.actor) as uow:
        commands.store(uow, version_id, explanation.values_digest, found)


class _Asked:
    """The model, asked in the way in which its stored explanation was made."""

    def __init__(self, runner: Runner, version: Version, label: str, method: Method, files: Files) -> None:
        self._runner = runner
        self._version = version
        self._files = files
        self._label = label
        self._agnostic = method.agnostic
        table = version.features_of(datasets.frame(files, version.table_digest))
        self._background: pd.DataFrame = table.iloc[sampling.background(len(table))]

    def of(self, parts: Sequence[LogPart]) -> Floats:
        """Return the attributions (rows × features) of evenly spaced rows of these parts."""
        table = sampled(self._files, parts, ROWS_AGNOSTIC if self._agnostic else ROWS)
        rows = replayed.features(self._version, table)
        answer = asking.ask(
            self._runner,
            self._files.path(self._version.artifact_digest),
            self._version.format,
            self._version.names,
            rows,
            self._background,
            Wanted(label=self._label, budget=SECONDS, agnostic=self._agnostic),
        )
        return answer.values
