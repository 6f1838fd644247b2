"""Exact interventional Shapley values of trees against background rows, for players that may own several columns.

For one row x and one background row b a leaf counts only while each player on its path is satisfied by x or by b.
With p players satisfied by x alone and q by b alone, each of the p receives `v (p−1)! q! / (p+q)!` and each of the q
`−v p! (q−1)! / (p+q)!` (Lundberg et al. 2020, "From local explanations to global understanding with explainable AI
for trees", algorithm 3). What a subtree hands to a player is corrected wherever a deeper split changes who satisfies it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.shapley.machinecode import compiled
from core.evidence.explain.shapley.quadrature import flattened
from core.evidence.explain.shapley.routing import goes_left, outputs
from core.evidence.explain.shapley.trees import Ensemble, Packed, pack, stump

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BOTH, ROW, OTHER = 0, 1, 2  # who satisfies all of a player's splits so far


@compiled()
def _ends(depth: Integers, offsets: Integers) -> Integers:
    """Per edge, the first edge after its subtree."""
    ends = np.empty(depth.shape[0], np.int64)
    stack = np.empty(depth.shape[0] + 1, np.int64)
    for t in range(offsets.shape[0] - 1):
        top = 0
        for k in range(offsets[t], offsets[t + 1]):
            while top > 0 and depth[stack[top - 1]] >= depth[k]:
                top -= 1
                ends[stack[top]] = k
            stack[top] = k
            top += 1
        while top > 0:
            top -= 1
            ends[stack[top]] = offsets[t + 1]
    return ends


@compiled()
def _attribute(  # noqa: C901, PLR0912, PLR0915 one machine-code kernel
    X: Floats,
    B: Floats,
    column: Integers,
    threshold: Floats,
    above: Floats,
    missing_left: NDArray[np.bool_],
    category_set: Integers,
    category_sets: NDArray[np.uint32],
    left: Integers,
    node: Integers,
    child: Integers,
    side: NDArray[np.bool_],
    depth: Integers,
    ancestor: Integers,
    leaf: Floats,
    offsets: Integers,
    ends: Integers,
    players: Integers,
    weights: Floats,
    deepest: int,
    widest: int,
    out: Floats,
) -> None:
    """Add every tree's values, summed over the background, to `out` (rows × players)."""
    row_way = np.empty(widest, np.bool_)
    other_way = np.empty((widest, B.shape[0]), np.bool_)
    status = np.zeros(deepest + 1, np.int64)
    ours = np.zeros(deepest + 1, np.int64)  # players satisfied by the row alone, by depth
    theirs = np.zeros(deepest + 1, np.int64)
    gain = np.zeros(deepest + 1)
    loss = np.zeros(deepest + 1)
    edge = np.zeros(deepest + 1, np.int64)
    for t in range(offsets.shape[0] - 1):
        first, last = offsets[t], offsets[t + 1]
        for k in range(first, last):
            at = node[k]
            for b in range(B.shape[0]):
                other_way[k - first, b] = (
                    goes_left(
                        B[b, column[at]], at, threshold, above, missing_left, category_set, category_sets
                    )
                    == side[k]
                )
        for r in range(X.shape[0]):
            for k in range(first, last):
                at = node[k]
                row_way[k - first] = (
                    goes_left(
                        X[r, column[at]], at, threshold, above, missing_left, category_set, category_sets
                    )
                    == side[k]
                )
            for b in range(B.shape[0]):
                top = 0
                k = first
                while k < last or top > 0:
                    d = depth[k] if k < last else 0
                    while top > 0 and top >= d:  # climb: hand over what the subtree gathered
                        a = ancestor[edge[top]]
                        was = status[a] if a > 0 else BOTH
                        now = status[top]
                        if now != was:
                            amount = 0.0
                            if now == ROW:
                                amount += gain[top]
                            elif now == OTHER:
                                amount -= loss[top]
                            if was == ROW:
                                amount -= gain[top]
                            elif was == OTHER:
                                amount += loss[top]
                            out[r, players[column[node[edge[top]]]]] += amount
                        if top > 1:
                            gain[top - 1] += gain[top]
                            loss[top - 1] += loss[top]
                        top -= 1
                    if k >= last:
                        break
                    a = ancestor[k]
                    was = status[a] if a > 0 else BOTH
                    by_row = row_way[k - first] and was != OTHER
                    by_other = other_way[k - first, b] and was != ROW
                    if not by_row and not by_other:
                        k = ends[k]  # nobody comes here
                        continue
                    now = BOTH if (by_row and by_other) else (ROW if by_row else OTHER)
                    above_ours = ours[d - 1] if d > 1 else 0
                    above_theirs = theirs[d - 1] if d > 1 else 0
                    ours[d] = above_ours + (now == ROW) - (was == ROW)
                    theirs[d] = above_theirs + (now == OTHER) - (was == OTHER)
                    status[d], edge[d] = now, k
                    gain[d] = loss[d] = 0.0
                    top = d
                    if left[child[k]] < 0:
                        p, q = ours[d], theirs[d]
                        if p > 0:
                            gain[d] = leaf[k] * weights[p - 1, q]
                        if q > 0:
                            loss[d] = leaf[k] * weights[q - 1, p]
                    k += 1


def _weights(most: int) -> Floats:
    """`a! b! / (a+b+1)!` for a, b up to `most`."""
    return np.array(
        [
            [
                math.exp(math.lgamma(a + 1) + math.lgamma(b + 1) - math.lgamma(a + b + 2))
                for b in range(most + 1)
            ]
            for a in range(most + 1)
        ]
    )


class InterventionalExplainer:
    """Interventional Shapley values of one ensemble against fixed background rows (rows × columns)."""

    def __init__(
        self, ensemble: Ensemble, players: Sequence[int], count: int, background: NDArray[np.float64]
    ) -> None:
        """`players[c]` is the player (0..count−1) that owns matrix column c; at least one background row."""
        self._packed: Packed = pack(ensemble.trees)
        self._players = np.asarray(players, np.int64)
        self._count = count
        self._background = np.ascontiguousarray(background, np.float64)
        flat = flattened(self._packed, self._players)
        node, child, side, depth, ancestor, _ratio, _before, leaf, offsets = flat.edges
        self._edges = (node, child, side, depth, ancestor, leaf, offsets, _ends(depth, offsets))
        self._deepest = int(depth.max()) if len(depth) else 0
        self._widest = int(np.diff(offsets).max(initial=0))
        self.base = float(outputs(ensemble, self._background).mean())

    def values(self, matrix: Floats) -> Floats:
        """Attributions (rows × players) of matrix rows (rows × columns, float64, NaN = missing)."""
        X = np.ascontiguousarray(matrix, np.float64)
        out = np.zeros((len(X), self._count))
        if self._deepest == 0:
            return out
        p = self._packed
        _attribute(
            X,
            self._background,
            p.column,
            p.threshold,
            p.above,
            p.missing_left,
            p.category_set,
            p.category_sets,
            p.left,
            *self._edges,
            self._players,
            _weights(min(self._deepest, self._count)),
            self._deepest,
            self._widest,
            out,
        )
        return out / len(self._background)


def warm_up() -> None:
    """Compile the kernel where it may be compiled."""
    one = np.zeros((1, 1))
    InterventionalExplainer(stump(), [0], 1, one).values(one)
