"""The drawn distribution of one column: a few bins with the share of the reference and of a window in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.distances import shares
from core.evidence.monitoring.drift import display_bins, missing_of
from core.evidence.monitoring.edges import CategoryEdges, Edges, NumberEdges
from core.i18n import _, number

SHOWN_CATEGORIES = 12


@dataclass(frozen=True, slots=True)
class Shape:
    """Bins in order, named for the reader; shares are of all rows, missing ones in the last bin."""

    names: tuple[str, ...]
    reference: Floats
    current: Floats
    ordered: bool


def shape(edges: Edges, reference: Cells, current: Cells) -> Shape:
    """Return the shape of one column from its cells, each of shape (slots,)."""
    if isinstance(edges, NumberEdges):
        return _numbers(edges, reference, current)
    if isinstance(edges, CategoryEdges):
        return _categories(edges, reference, current)
    names = (_("Filled"), _("Missing"))
    sides = [shares(cells[[1, 0]]) for cells in (reference, current)]
    return Shape(names, sides[0], sides[1], ordered=False)


def _numbers(edges: NumberEdges, reference: Cells, current: Cells) -> Shape:
    cuts = np.asarray(edges.cuts)[list(edges.display)]
    sides = [
        np.append(display_bins(edges, cells), missing_of(edges, cells)) for cells in (reference, current)
    ]
    if not len(cuts):
        return Shape((_("Present"), _("Missing")), shares(sides[0]), shares(sides[1]), ordered=True)
    write = _moment if edges.temporal else _short
    if edges.discrete:
        # The first cut lies just under the smallest value, each other one is a value.
        inner = [write(value) for value in cuts[1:].tolist()]
    else:
        inner = [
            f"{write(low)} – {write(high)}"
            for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        ]
    names = (
        _("below {value}", value=write(float(cuts[1 if edges.discrete else 0]))),
        *inner,
        _("above {value}", value=write(float(cuts[-1]))),
        _("Missing"),
    )
    return _without_empty(names, sides[0], sides[1], edges_at=(0, len(names) - 2, len(names) - 1))


def _categories(edges: CategoryEdges, reference: Cells, current: Cells) -> Shape:
    held = len(edges.listed)
    listed = (reference + current)[1 : 1 + held]
    kept = np.sort(np.argsort(-listed, kind="stable")[:SHOWN_CATEGORIES])
    rest = np.setdiff1d(np.arange(held), kept)

    def bins(cells: Cells) -> Cells:
        values = cells[1 : 1 + held]
        return np.concatenate([values[kept], [values[rest].sum() + cells[-2], cells[-1], cells[0]]])

    names = (*(edges.listed[i] for i in kept), _("Other categories"), _("New categories"), _("Missing"))
    return _without_empty(
        names, bins(reference), bins(current), edges_at=tuple(range(len(kept), len(names))), ordered=False
    )


def _without_empty(
    names: Sequence[str], reference: Cells, current: Cells, *, edges_at: tuple[int, ...], ordered: bool = True
) -> Shape:
    """Leave out the outer bins that hold nothing on either side."""
    empty = {i for i in edges_at if not reference[i] and not current[i]}
    kept = [i for i in range(len(names)) if i not in empty]
    left, right = shares(reference), shares(current)
    return Shape(tuple(names[i] for i in kept), left[kept], right[kept], ordered)


def _short(value: float) -> str:
    if value == round(value) and abs(value) < 1e6:
        return number(value, 0)
    size = abs(value)
    return number(value, 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 0.1 else 4)


def _moment(value: float) -> str:
    return datetime.fromtimestamp(value / 1e6, UTC).date().isoformat()
