"""Quantiles of every window from its counts: where the middle and the tails of a column lie."""

import numpy as np

from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.edges import NumberEdges

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


def quantiles(edges: NumberEdges, cells: Cells, levels: tuple[float, ...] = LEVELS) -> Floats:
    """Return quantiles of shape (W, levels) from cells of shape (W, slots); NaN where a window has no values.

    Inside a cell values are taken as evenly spread; what lies beyond the reference's range counts at its ends.
    """
    cuts = np.asarray(edges.cuts, dtype=np.float64)
    found = np.full((len(cells), len(levels)), np.nan)
    if not len(cuts):
        return found
    if edges.discrete:
        values = np.concatenate([cuts, cuts[-1:]])
        for at, row in enumerate(cells[:, 2:]):
            if total := row.sum():
                reached = np.searchsorted(np.cumsum(row), np.asarray(levels) * total, "left")
                found[at] = values[np.minimum(reached, len(values) - 1)]
        return found
    for at, row in enumerate(cells[:, 2:]):
        if total := row.sum():
            reached = np.cumsum(row)[:-1] / total
            found[at] = np.interp(levels, reached, cuts)
    return found
