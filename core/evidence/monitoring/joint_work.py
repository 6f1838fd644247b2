"""Measure windows over several columns, and estimate quantities before their labels: slow work, after the profiles."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.evidence.monitoring import commands, estimated, jointly, queries
from core.evidence.monitoring.batches import HASH, SAID, TRUTH, BatchKind, Expected
from core.evidence.monitoring.identity import KnownLabels, find
from core.evidence.monitoring.logged import known_labels, sampled
from core.evidence.monitoring.matrix import sample
from core.evidence.monitoring.performance import Measures
from core.evidence.monitoring.referencing import evaluated
from core.evidence.monitoring.sources import TableSource
from core.evidence.monitoring.windows import Grain
from core.evidence.monitoring.work import expected_rows
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM

ROWS = 20_000
"""Rows of a window and of the reference that are looked at."""
GRAINS = (Grain.WEEK, Grain.MONTH)


def measure(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Measure the weeks and months whose rows or labels are others than when they were measured last."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        expected = expected_rows(view, version)
        stale = queries.stale_joint(view, version_id, GRAINS)
        labels = queries.parts(view, version_id, BatchKind.LABELS)
        predictions = queries.parts(view, version_id, BatchKind.PREDICTIONS)
    if not stale or not predictions:
        return
    reference = evaluated(store, version, most=ROWS)
    told = known_labels(store.files, labels)
    features = list(version.signature.names)
    losses = _Losses(version, expected, reference)
    for done, one in enumerate(stale, 1):
        held = [part for part in predictions if one.window.start <= part.day < one.window.end]
        if held:
            table = _with_labels(sampled(store.files, held, ROWS), told)
            found = jointly.of_labels(reference, table, features, rows=ROWS)
            expected_loss: Measures = {}
            if not one.same_rows:
                apart = one.grain == Grain.MONTH
                found |= jointly.of_rows(reference, table, features, rows=ROWS, told_apart=apart)
                expected_loss = losses.estimate(table)
            with store.unit_of_work(SYSTEM) as uow:
                commands.keep_joint(uow, version_id, one, found)
                commands.keep_estimates(
                    uow, version_id, {(one.grain, one.window.start): expected_loss}, "dle"
                )
        context.progress(done / len(stale), N_("Measuring how columns hang together"))


def _with_labels(table: pa.Table, told: KnownLabels) -> pa.Table:
    held, at = find(told.hashes, table[HASH].to_numpy())
    if not held.any():
        return table
    return table.append_column(TRUTH, told.labels.take(pa.array(at, mask=~held)))


class _Losses:
    """Models of the size of the error, one for each choice of columns: which are text depends on the window too."""

    def __init__(self, version: Version, expected: Expected, reference: pa.Table) -> None:
        self._wanted = expected.task == "regression" and TRUTH in reference.column_names
        self._features = list(version.signature.names)
        self._reference = reference
        self._models: dict[tuple[str, ...], estimated.LossModel] = {}

    def estimate(self, table: pa.Table) -> Measures:
        """Estimate a window's errors; nothing where the model predicts classes."""
        if not self._wanted:
            return {}
        known = table.filter(pc.is_valid(table[SAID]))
        whole = max(known.num_rows, self._reference.num_rows)
        sides = TableSource(self._reference, "reference"), TableSource(known, "window")
        taken = sample(*sides, self._features, rows=whole)
        if taken.names not in self._models:
            said, truth = (
                np.asarray(self._reference[name].to_numpy(), dtype=np.float64) for name in (SAID, TRUTH)
            )
            self._models[taken.names] = estimated.learn_loss(taken.reference, said, truth)
        said = np.asarray(known[SAID].to_numpy(), dtype=np.float64)
        return estimated.estimated_regression(taken.current, said, self._models[taken.names])
