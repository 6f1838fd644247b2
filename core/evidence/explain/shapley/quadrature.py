"""Exact TreeSHAP by quadrature, for players that may own several columns.

The path-dependent Shapley value of a player is `Σ_leaf v ∫₀¹ (o_i − z_i) Π_{j≠i} (z_j + t(o_j − z_j)) dt`: `o` says
whether the row satisfies all of the player's splits on the path, `z` is the product of their cover ratios. The
integrand is a polynomial whose degree is at most players on the path − 1, so ⌈players/2⌉ Gauss–Legendre nodes
are exact (Linear TreeSHAP, arXiv 2209.08192; value function: Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"). Splits of one player on one path are merged, so one-hot
columns of one source column give that source's exact grouped Shapley value.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.shapley.machinecode import FAST, compiled
from core.evidence.explain.shapley.routing import goes_left
from core.evidence.explain.shapley.trees import Ensemble, Packed, pack, stump

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS = 32  # rows that travel a tree together: the state of one path stays in the first-level cache


@compiled()
def _flatten(  # noqa: PLR0915 one machine-code kernel
    start: Integers,
    left: Integers,
    right: Integers,
    column: Integers,
    value: Floats,
    cover: Floats,
    players: Integers,
) -> tuple[
    Integers, Integers, NDArray[np.bool_], Integers, Integers, Floats, Floats, Floats, Integers, float
]:
    """Edges of all trees in preorder, each with what the kernel needs; their start per tree; the expected value.

    Per edge: split node, child, side, depth, depth of the same player's last edge (0: none), cover ratio of the
    edge, merged ratio of that earlier edge, leaf value.
    """
    trees = start.shape[0]
    edges = left.shape[0] - trees
    node = np.empty(edges, np.int64)
    child = np.empty(edges, np.int64)
    side = np.empty(edges, np.bool_)
    depth = np.empty(edges, np.int64)
    ancestor = np.empty(edges, np.int64)
    ratio = np.empty(edges, np.float64)
    before = np.empty(edges, np.float64)
    leaf = np.empty(edges, np.float64)
    offsets = np.empty(trees + 1, np.int64)
    stack = np.empty(left.shape[0] + 2, np.int64)
    levels = np.empty(left.shape[0] + 2, np.int64)
    parents = np.empty(left.shape[0] + 2, np.int64)
    reach = np.empty(left.shape[0] + 2, np.float64)  # probability of the path, by depth
    merged = np.empty(left.shape[0] + 2, np.float64)  # the player's cover product, by depth
    owner = np.empty(left.shape[0] + 2, np.int64)
    base = 0.0
    k = 0
    for t in range(trees):
        offsets[t] = k
        root = start[t]
        if left[root] < 0:
            base += value[root]
            continue
        reach[0] = 1.0
        stack[0], levels[0], parents[0] = right[root], 1, root
        stack[1], levels[1], parents[1] = left[root], 1, root
        top = 2
        while top > 0:
            top -= 1
            at, d, parent = stack[top], levels[top], parents[top]
            player = players[column[parent]]
            # A node no training row reached has no proportions of its own: both ways count alike.
            share = cover[at] / cover[parent] if cover[parent] > 0 else 0.5
            a = 0
            for up in range(d - 1, 0, -1):
                if owner[up] == player:
                    a = up
                    break
            owner[d] = player
            merged[d] = share * (merged[a] if a > 0 else 1.0)
            reach[d] = reach[d - 1] * share
            node[k], child[k], side[k], depth[k] = parent, at, at == left[parent], d
            ancestor[k], ratio[k], before[k] = a, share, merged[a] if a > 0 else 1.0
            leaf[k] = 0.0
            if left[at] < 0:
                leaf[k] = value[at]
                base += value[at] * reach[d]
            else:
                stack[top], levels[top], parents[top] = right[at], d + 1, at
                stack[top + 1], levels[top + 1], parents[top + 1] = left[at], d + 1, at
                top += 2
            k += 1
    offsets[trees] = k
    return node, child, side, depth, ancestor, ratio, before, leaf, offsets, base


@compiled(FAST)
def _leave(
    d: int,
    rows: int,
    player: int,
    on: Floats,
    off: Floats,
    g_on: Floats,
    g_off: Floats,
    held: Floats,
    out: Floats,
) -> None:
    """Climb from depth d: hand the subtree's integral to the player of the edge and to the path above."""
    for q in range(g_on.shape[1]):
        a, b = g_on[d, q], g_off[d, q]
        for i in range(rows):
            h = held[d, q, i]
            out[player, i] += h * (on[d, i] * a + off[d, i] * b)
            held[d - 1, q, i] += h


@compiled(FAST)
def _attribute(  # noqa: C901 one machine-code kernel
    X: Floats,
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
    ratio: Floats,
    before: Floats,
    leaf: Floats,
    offsets: Integers,
    players: Integers,
    points: Floats,
    weights: Floats,
    deepest: int,
    out: Floats,
) -> None:
    """Add every tree's values to `out` (rows × players)."""
    Q = points.shape[0]
    alive = np.empty((deepest + 1, Q, ROWS))
    held = np.empty((deepest + 1, Q, ROWS))
    follows = np.empty((deepest + 1, ROWS), np.bool_)  # the row satisfies all of the player's splits so far
    on = np.empty((deepest + 1, ROWS))
    off = np.empty((deepest + 1, ROWS))
    gone = np.empty((deepest + 1, ROWS))
    g_on = np.empty((deepest + 1, Q))
    g_off = np.empty((deepest + 1, Q))
    owner = np.empty(deepest + 1, np.int64)
    block = np.empty((out.shape[1], ROWS))
    for first in range(0, X.shape[0], ROWS):
        rows = min(ROWS, X.shape[0] - first)
        block[:] = 0.0
        for t in range(offsets.shape[0] - 1):
            alive[0] = 1.0
            held[0] = 0.0
            top = 0
            for k in range(offsets[t], offsets[t + 1]):
                d = depth[k]
                while top >= d:
                    _leave(top, rows, owner[top], on, off, g_on, g_off, held, block)
                    top -= 1
                top = d
                at = node[k]
                owner[d] = players[column[at]]
                a = ancestor[k]
                for i in range(rows):
                    left_way = goes_left(
                        X[first + i, column[at]],
                        at,
                        threshold,
                        above,
                        missing_left,
                        category_set,
                        category_sets,
                    )
                    was = a == 0 or follows[a, i]
                    now = was and (left_way == side[k])
                    follows[d, i] = now
                    on[d, i] = 1.0 if now else 0.0
                    off[d, i] = 1.0 if (was and not now) else 0.0
                    gone[d, i] = 0.0 if was else ratio[k]
                z = ratio[k] * before[k]
                v = leaf[k]
                is_leaf = left[child[k]] < 0
                for q in range(Q):
                    u = 1.0 - points[q]
                    taken = z * u + points[q]
                    earlier = before[k] * u + points[q] if a > 0 else 1.0
                    undo = (1.0 - before[k]) / earlier if a > 0 else 0.0
                    r_on, r_off = taken / earlier, z * u / earlier
                    g_on[d, q] = weights[q] * ((1.0 - z) / taken - undo)
                    g_off[d, q] = weights[q] * (-1.0 / u - undo)
                    for i in range(rows):
                        p = alive[d - 1, q, i] * (on[d, i] * r_on + off[d, i] * r_off + gone[d, i])
                        alive[d, q, i] = p
                        held[d, q, i] = v * p if is_leaf else 0.0
            while top > 0:
                _leave(top, rows, owner[top], on, off, g_on, g_off, held, block)
                top -= 1
        for i in range(rows):
            for j in range(out.shape[1]):
                out[first + i, j] += block[j, i]


Edges = tuple[Integers, Integers, NDArray[np.bool_], Integers, Integers, Floats, Floats, Floats, Integers]


class Flattened(NamedTuple):
    """Edges of all trees as `_flatten` describes them, and the expected value without the constant."""

    edges: Edges
    expected: float


def flattened(packed: Packed, players: Integers) -> Flattened:
    """Edges of all trees in preorder, with what each kernel needs."""
    p = packed
    found = _flatten(p.start, p.left, p.right, p.column, p.value, p.cover, players)
    return Flattened(found[:-1], float(found[-1]))


class TreeExplainer:
    """Path-dependent Shapley values of one ensemble; construct once, explain many blocks of rows."""

    def __init__(self, ensemble: Ensemble, players: Sequence[int], count: int) -> None:
        """`players[c]` is the player (0..count−1) that owns matrix column c."""
        self._packed: Packed = pack(ensemble.trees)
        self._players = np.asarray(players, np.int64)
        self._count = count
        self._edges, expected = flattened(self._packed, self._players)
        depth = self._edges[3]
        self._deepest = int(depth.max()) if len(depth) else 0
        most = min(self._deepest, count)
        points, weights = np.polynomial.legendre.leggauss(max(1, (most + 1) // 2))
        self._points, self._weights = (points + 1) / 2, weights / 2
        self.base = ensemble.constant + expected

    def values(self, matrix: Floats) -> Floats:
        """Attributions (rows × players) of matrix rows (rows × columns, float64, NaN = missing)."""
        X = np.ascontiguousarray(matrix, np.float64)
        out = np.zeros((len(X), self._count))
        if self._deepest == 0:
            return out
        p = self._packed
        _attribute(
            X,
            p.column,
            p.threshold,
            p.above,
            p.missing_left,
            p.category_set,
            p.category_sets,
            p.left,
            *self._edges,
            self._players,
            self._points,
            self._weights,
            self._deepest,
            out,
        )
        return out


def warm_up() -> None:
    """Compile the kernel (some seconds) where it may be compiled: before a runner forks and locks itself in."""
    TreeExplainer(stump(), [0], 1).values(np.zeros((1, 1)))
