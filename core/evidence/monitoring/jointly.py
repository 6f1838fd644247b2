"""How the columns of a window hang together, against the reference: one list of measures with their variants."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

from core.evidence.monitoring import counts, distances, multivariate
from core.evidence.monitoring.batches import TRUTH
from core.evidence.monitoring.edges import CategoryEdges, category_edges, number_edges
from core.evidence.monitoring.matrix import Matrices, sample
from core.evidence.monitoring.sources import TableSource
from core.i18n import N_

ROWS_OF_TREES = 5_000
FEWEST = 100


class Joint(StrEnum):
    """What is measured over several columns."""

    CORRELATION = "correlation_change"
    RECONSTRUCTION = "reconstruction"
    DOMAIN = "domain_auc"
    REPEATED = "repeated_rows"
    LABEL = "label_psi"
    TARGET = "target_change"


JOINT_NAMES: Mapping[Joint, str] = {
    Joint.CORRELATION: N_("Largest change of a correlation"),
    Joint.RECONSTRUCTION: N_("Reconstruction error"),
    Joint.DOMAIN: N_("Told apart by a classifier"),
    Joint.REPEATED: N_("Repeated rows"),
    Joint.LABEL: N_("Drift of the label"),
    Joint.TARGET: N_("Largest change of a link with the label"),
}

VARIANTS: Mapping[Joint, str] = {
    Joint.CORRELATION: multivariate.VARIANTS["correlation_change"],
    Joint.RECONSTRUCTION: multivariate.VARIANTS["reconstruction"],
    Joint.DOMAIN: multivariate.VARIANTS["domain_auc"],
    Joint.REPEATED: "share of rows that repeat an earlier one in every feature",
    Joint.LABEL: distances.VARIANTS["psi"],
    Joint.TARGET: multivariate.VARIANTS["target_change"],
}


@dataclass(frozen=True, slots=True)
class Found:
    """One measure; `before` and `after` are the reference's and the window's figure where it compares two."""

    value: float
    before: float | None = None
    after: float | None = None
    where: tuple[str, ...] = ()


def of_rows(
    reference: pa.Table, window: pa.Table, features: list[str], *, rows: int, told_apart: bool
) -> dict[Joint, Found]:
    """Measure samples of what went in. Nothing below 100 rows.

    The classifier is trained only with `told_apart`: it takes more time than all else.
    """
    if min(reference.num_rows, window.num_rows) < FEWEST:
        return {}
    found: dict[Joint, Found] = {Joint.REPEATED: _repeated(reference, window, features)}
    taken = sample(TableSource(reference, "reference"), TableSource(window, "window"), features, rows=rows)
    if taken.names:
        found |= _together(taken, told_apart=told_apart)
    return _known(found)


def of_labels(reference: pa.Table, window: pa.Table, features: list[str], *, rows: int) -> dict[Joint, Found]:
    """Measure what labels, called `aval:label`, say of samples of both; nothing below 100 of them."""
    if TRUTH not in reference.column_names or TRUTH not in window.column_names:
        return {}
    told = window.filter(pa.array(np.asarray(window[TRUTH].is_valid())))
    if min(reference.num_rows, told.num_rows) < FEWEST:
        return {}
    found = {Joint.LABEL: _label(reference[TRUTH], told[TRUTH])}
    sources = TableSource(reference, "reference"), TableSource(told, "told")
    target = _target(sample(*sources, [*features, TRUTH], rows=rows))
    if target is not None:
        found[Joint.TARGET] = target
    return _known(found)


def _known(found: Mapping[Joint, Found]) -> dict[Joint, Found]:
    return {key: one for key, one in found.items() if not math.isnan(one.value)}


def _together(taken: Matrices, *, told_apart: bool) -> dict[Joint, Found]:
    found: dict[Joint, Found] = {}
    ordered = [i for i, one in enumerate(taken.ordered) if one]
    if len(ordered) > 1:
        names = [taken.names[i] for i in ordered]
        pairs = multivariate.correlation_changes(
            names, taken.reference[:, ordered], taken.current[:, ordered]
        )
        if pairs:
            top = pairs[0]
            found[Joint.CORRELATION] = Found(abs(top.after - top.before), top.before, top.after, top.columns)
    error = multivariate.reconstruction(taken.reference, taken.current)
    found[Joint.RECONSTRUCTION] = Found(error.deviations, error.reference, error.current)
    if not told_apart:
        return found
    steps = [max(1, len(side) // ROWS_OF_TREES) for side in (taken.reference, taken.current)]
    auc = multivariate.domain_auc(taken.reference[:: steps[0]], taken.current[:: steps[1]])
    found[Joint.DOMAIN] = Found(auc)
    return found


def _repeated(reference: pa.Table, window: pa.Table, features: list[str]) -> Found:
    shares = []
    for table in (reference, window):
        held = table.select([name for name in features if name in table.column_names])
        distinct = held.group_by(held.column_names).aggregate([]).num_rows if held.num_columns else 0
        shares.append(1 - distinct / table.num_rows if held.num_columns else math.nan)
    return Found(shares[1], shares[0], shares[1])


def _label(before: pa.ChunkedArray, after: pa.ChunkedArray) -> Found:
    if counts.is_numeric(before.type):
        edges = number_edges(counts.numbers(before)[0])
        at = [0, *(place + 1 for place in edges.deciles)]
        p, q = (np.add.reduceat(counts.count(side, edges).cells[2:], at) for side in (before, after))
    else:
        tallied, _missing = counts.tally(before)
        listed = category_edges(list(tallied), list(tallied.values()))
        if not isinstance(listed, CategoryEdges):
            return Found(math.nan)
        p, q = (counts.count(side, listed).cells[1:] for side in (before, after))
    return Found(float(distances.psi(p, q)))


def _target(taken: Matrices) -> Found | None:
    if TRUTH not in taken.names:
        return None
    at = taken.names.index(TRUTH)
    best: Found | None = None
    for i, name in enumerate(taken.names):
        if i == at:
            continue
        before, after = (
            multivariate.association(codes[:, i], values[:, at], ordered=taken.ordered[i])
            for codes, values in (
                (taken.reference_codes, taken.reference),
                (taken.current_codes, taken.current),
            )
        )
        gap = abs(after - before)
        if not math.isnan(gap) and (best is None or gap > best.value):
            best = Found(gap, before, after, (name,))
    return best
