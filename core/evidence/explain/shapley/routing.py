"""Which way a row goes at a node, and how many rows of a background reach each node."""

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.shapley.machinecode import compiled
from core.evidence.explain.shapley.trees import Ensemble, Packed, pack

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled()
def goes_left(
    x: float,
    at: int,
    threshold: Floats,
    above: Floats,
    missing_left: NDArray[np.bool_],
    category_set: Integers,
    category_sets: NDArray[np.uint32],
) -> bool:
    """The rule of `trees.Tree`. Kernels in other files hold a copy once compiled: touch them when this changes."""
    if x != x:  # noqa: PLR0124 missing
        return bool(missing_left[at])
    bits = category_set[at]
    if bits < 0:
        return bool(x <= threshold[at] and x > above[at])
    if x < 0 or x >= category_sets.shape[1] * 32:
        return bool(missing_left[at])
    code = int(x)
    return bool((category_sets[bits, code >> 5] >> np.uint32(code & 31)) & np.uint32(1))


@compiled()
def _walk(
    X: Floats,
    start: Integers,
    left: Integers,
    right: Integers,
    column: Integers,
    threshold: Floats,
    above: Floats,
    missing_left: NDArray[np.bool_],
    category_set: Integers,
    category_sets: NDArray[np.uint32],
    value: Floats,
    counts: Floats,
    out: Floats,
) -> None:
    for r in range(X.shape[0]):
        for t in range(start.shape[0]):
            at = start[t]
            counts[at] += 1.0
            while left[at] >= 0:
                x = X[r, column[at]]
                if goes_left(x, at, threshold, above, missing_left, category_set, category_sets):
                    at = left[at]
                else:
                    at = right[at]
                counts[at] += 1.0
            out[r] += value[at]


def _walked(packed: Packed, matrix: Floats) -> tuple[Floats, Floats]:
    p = packed
    counts, out = np.zeros(len(p.left)), np.zeros(len(matrix))
    X = np.ascontiguousarray(matrix, np.float64)
    _walk(
        X,
        p.start,
        p.left,
        p.right,
        p.column,
        p.threshold,
        p.above,
        p.missing_left,
        p.category_set,
        p.category_sets,
        p.value,
        counts,
        out,
    )
    return counts, out


def outputs(ensemble: Ensemble, matrix: Floats) -> Floats:
    """Raw output per matrix row, constant included."""
    return ensemble.constant + _walked(pack(ensemble.trees), matrix)[1]


def recounted(ensemble: Ensemble, background: Floats) -> Ensemble:
    """The ensemble with covers counted by sending the background down each tree: where the file tells none."""
    counts, _ = _walked(pack(ensemble.trees), background)
    ends = np.cumsum([len(tree.left) for tree in ensemble.trees])[:-1]
    parts = np.split(counts, ends)
    trees = tuple(tree.with_cover(part) for tree, part in zip(ensemble.trees, parts, strict=True))
    return Ensemble(trees, ensemble.constant)
