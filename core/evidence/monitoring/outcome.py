"""Predictions beside their labels, as the arrays that metrics take."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.evidence.monitoring import performance
from core.evidence.monitoring.batches import HASH, SAID, SCORE, Expected, as_class
from core.evidence.monitoring.identity import Flags, KnownLabels, find
from core.evidence.monitoring.performance import Measures, Metric

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Outcome:
    """Rows of a log, in order, with what was said, how surely, and what turned out."""

    def __init__(self, table: pa.Table, labels: KnownLabels, expected: Expected) -> None:
        self._expected = expected
        self._told, at = find(labels.hashes, table.column(HASH).to_numpy())
        self._truth = (
            labels.labels.take(pa.array(at[self._told])) if self._told.any() else table.column(SAID)[:0]
        )
        self._row = np.cumsum(self._told) - 1
        self._said = table.column(SAID)
        self._score = table.column(SCORE).to_numpy() if SCORE in table.column_names else None

    def measures(self, rows: Flags) -> Measures:
        """Measure the rows that are marked."""
        labelled = rows & self._told
        found = performance.volume(int(rows.sum()), int(labelled.sum()))
        measure = {"regression": self._regression, "multiclass": self._multiclass}.get(
            self._expected.task, self._binary
        )
        return found | measure(rows, labelled)

    def _regression(self, _rows: Flags, labelled: Flags) -> Measures:
        return performance.regression(
            _floats(self._truth)[self._row[labelled]], _floats(self._said)[labelled]
        )

    def _multiclass(self, _rows: Flags, labelled: Flags) -> Measures:
        classes = self._expected.classes
        truth = codes(self._truth, classes)[self._row[labelled]]
        return performance.multiclass(truth, codes(self._said, classes)[labelled], len(classes))

    def _binary(self, rows: Flags, labelled: Flags) -> Measures:
        said = _is(self._said, self._expected.positive)
        found: Measures = {}
        if (share := performance.share(int((said & rows).sum()), int(rows.sum()))) is not None:
            found[Metric.PREDICTED_POSITIVE] = share
        truth = _is(self._truth, self._expected.positive)[self._row[labelled]]
        score = None if self._score is None else self._score[labelled]
        return found | performance.binary(truth, said[labelled], score)


def codes(column: pa.ChunkedArray, classes: Sequence[str]) -> Codes:
    """Return the place of each value among `classes`, −1 for none."""
    found = pc.index_in(column, value_set=pa.array(list(classes), pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def is_class(column: pa.ChunkedArray, expected: Expected) -> Flags:
    """Say where the positive class stands, however it is written."""
    named = {
        value: as_class(value, expected.classes) or "" for value in pc.unique(column).to_pylist() if value
    }
    wanted = pa.array([value for value, known in named.items() if known == expected.positive], pa.string())
    return np.asarray(pc.is_in(column, value_set=wanted), dtype=bool)


def _is(column: pa.ChunkedArray, value: str) -> Flags:
    return np.asarray(pc.fill_null(pc.equal(column, value), fill_value=False), dtype=bool)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)
