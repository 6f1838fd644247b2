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

ROWS = 64  # rows that travel a tree together: the state of one path stays in the first-level cache


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
    Integers, Integers, NDArray[np.bool_], Integers, Integers, Floats, Floats, Floats, Integers, float, int
]:
    """Edges of all trees in preorder, each with what the kernel needs; their start per tree; the expected value; the
    most players on one path.

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
    distinct = np.zeros(left.shape[0] + 2, np.int64)  # players on the path, by depth
    base, most = 0.0, 0
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
            distinct[d] = distinct[d - 1] + (1 if a == 0 else 0)
            most = max(most, distinct[d])
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
    return node, child, side, depth, ancestor, ratio, before, leaf, offsets, base, most


@compiled(FAST)
def _leave(
    d: int, k: int, player: int, lanes: int, code: Floats, factors: Floats, held: Floats, out: Floats
) -> None:
    """Climb from depth d: hand the subtree's integral to the player of the edge and to the path above."""
    for q in range(factors.shape[1]):
        a, b = factors[k, q, 2], factors[k, q, 3]
        for i in range(lanes):
            h = held[d, q, i]
            c = code[d, i]
            out[player, i] += h * (a if c == 0.0 else (b if c == 1.0 else 0.0))
            held[d - 1, q, i] += h


@compiled(FAST)
def _route(
    d: int,
    at: int,
    lanes: int,
    block: Floats,
    column: Integers,
    threshold: Floats,
    above: Floats,
    missing_left: NDArray[np.bool_],
    category_set: Integers,
    category_sets: NDArray[np.uint32],
    goes: Floats,
) -> None:
    """Note which rows go left at a node; a split of numbers by itself, so that it runs many rows at once."""
    c = column[at]
    if category_set[at] < 0:
        high, low, missing = threshold[at], above[at], missing_left[at]
        for i in range(lanes):
            x = block[c, i]
            inside = (x <= high) & (x > low)
            goes[d, i] = 1.0 if inside | ((x != x) & missing) else 0.0  # noqa: PLR0124 missing
        return
    for i in range(lanes):
        way = goes_left(block[c, i], at, threshold, above, missing_left, category_set, category_sets)
        goes[d, i] = 1.0 if way else 0.0


@compiled(FAST)
def _attribute(  # noqa: C901, PLR0912, PLR0915 one machine-code kernel
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
    before: Floats,  # noqa: ARG001 the kernels take the same edges; this one has it in `factors`
    leaf: Floats,
    offsets: Integers,
    players: Integers,
    factors: Floats,
    deepest: int,
    out: Floats,
) -> None:
    """Add every tree's values to `out` (rows × players).

    Loops over rows touch few arrays each, so that the compiler can tell them apart and runs several rows at once.
    """
    Q = factors.shape[1]
    alive = np.ones((deepest + 1, Q, ROWS))
    held = np.zeros((deepest + 1, Q, ROWS))
    # 0: all of the player's splits satisfied; 1: not this one; 2: not an earlier
    code = np.zeros((deepest + 1, ROWS))
    goes = np.zeros((deepest + 1, ROWS))
    edge = np.zeros(deepest + 1, np.int64)
    owner = np.zeros(deepest + 1, np.int64)
    block = np.zeros((X.shape[1], ROWS))
    found = np.zeros((out.shape[1], ROWS))
    for first in range(0, X.shape[0], ROWS):
        rows = min(ROWS, X.shape[0] - first)
        lanes = (rows + 7) // 8 * 8  # what is beyond the rows is worked out and thrown away
        for i in range(rows):
            for c in range(X.shape[1]):
                block[c, i] = X[first + i, c]
        found[:] = 0.0
        for t in range(offsets.shape[0] - 1):
            held[0] = 0.0
            top = 0
            for k in range(offsets[t], offsets[t + 1]):
                d, at, a = depth[k], node[k], ancestor[k]
                while top >= d:
                    _leave(top, edge[top], owner[top], lanes, code, factors, held, found)
                    top -= 1
                if side[k]:
                    _route(
                        d,
                        at,
                        lanes,
                        block,
                        column,
                        threshold,
                        above,
                        missing_left,
                        category_set,
                        category_sets,
                        goes,
                    )
                player = players[column[at]]
                wanted = 1.0 if side[k] else 0.0
                if a > 0:
                    for i in range(lanes):
                        c0 = 0.0 if goes[d, i] == wanted else 1.0
                        code[d, i] = c0 if code[a, i] == 0.0 else 2.0
                else:
                    for i in range(lanes):
                        code[d, i] = 0.0 if goes[d, i] == wanted else 1.0
                share = ratio[k]
                if left[child[k]] < 0:
                    v = leaf[k]
                    top = d - 1
                    for q in range(Q):
                        r_on, r_off = v * factors[k, q, 0], v * factors[k, q, 1]
                        g_on, g_off = factors[k, q, 2], factors[k, q, 3]
                        gone = v * share
                        for i in range(lanes):
                            c1 = code[d, i]
                            h = alive[d - 1, q, i] * (r_on if c1 == 0.0 else (r_off if c1 == 1.0 else gone))
                            found[player, i] += h * (g_on if c1 == 0.0 else (g_off if c1 == 1.0 else 0.0))
                            held[d - 1, q, i] += h
                    continue
                top = d
                edge[d], owner[d] = k, player
                held[d] = 0.0
                for q in range(Q):
                    r_on, r_off = factors[k, q, 0], factors[k, q, 1]
                    for i in range(lanes):
                        c2 = code[d, i]
                        alive[d, q, i] = alive[d - 1, q, i] * (
                            r_on if c2 == 0.0 else (r_off if c2 == 1.0 else share)
                        )
            while top > 0:
                _leave(top, edge[top], owner[top], lanes, code, factors, held, found)
                top -= 1
        for i in range(rows):
            for j in range(out.shape[1]):
                out[first + i, j] += found[j, i]


Edges = tuple[Integers, Integers, NDArray[np.bool_], Integers, Integers, Floats, Floats, Floats, Integers]


class Flattened(NamedTuple):
    """Edges of all trees as `_flatten` describes them, the expected value without the constant, players on a path."""

    edges: Edges
    expected: float
    most: int


def flattened(packed: Packed, players: Integers) -> Flattened:
    """Edges of all trees in preorder, with what each kernel needs."""
    p = packed
    found = _flatten(p.start, p.left, p.right, p.column, p.value, p.cover, players)
    return Flattened(found[:-2], float(found[-2]), int(found[-1]))


def _factors(ratio: Floats, before: Floats, ancestor: Integers, points: Floats, weights: Floats) -> Floats:
    """What an edge multiplies a path by and hands its player, by node: edges × nodes × (r_on, r_off, g_on, g_off).

    A player's earlier edges on the path are taken back first: their splits count as one.
    """
    u = 1.0 - points
    z = (ratio * before)[:, None]
    again = (ancestor > 0)[:, None]
    taken = z * u + points
    earlier = np.where(again, before[:, None] * u + points, 1.0)
    undo = np.where(again, (1.0 - before[:, None]) / earlier, 0.0)
    return np.stack(
        [taken / earlier, z * u / earlier, weights * ((1.0 - z) / taken - undo), weights * (-1.0 / u - undo)],
        axis=2,
    )


class TreeExplainer:
    """Path-dependent Shapley values of one ensemble; construct once, explain many blocks of rows."""

    def __init__(self, ensemble: Ensemble, players: Sequence[int], count: int) -> None:
        """`players[c]` is the player (0..count−1) that owns matrix column c."""
        self._packed: Packed = pack(ensemble.trees)
        self._players = np.asarray(players, np.int64)
        self._count = count
        self._edges, expected, most = flattened(self._packed, self._players)
        depth, ancestor, ratio, before = self._edges[3:7]
        self._deepest = int(depth.max()) if len(depth) else 0
        points, weights = np.polynomial.legendre.leggauss(max(1, (most + 1) // 2))
        self._factors = _factors(ratio, before, ancestor, (points + 1) / 2, weights / 2)
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
            self._factors,
            self._deepest,
            out,
        )
        return out


def warm_up() -> None:
    """Compile the kernel (some seconds) where it may be compiled: before a runner forks and locks itself in."""
    TreeExplainer(stump(), [0], 1).values(np.zeros((1, 1)))
