"""Exact TreeSHAP of symmetric trees by table: the leaf of a row tells every split, so each leaf is worked out once.

All nodes of a level ask the same question, so that the leaf's bits say which splits a row satisfies. For each tree and
each set of players the path-dependent expectation of every leaf is folded from the deepest level to the root (the value
function of Lundberg et al. 2020: levels of players in the set follow the row, others are averaged by the training rows on
either side), and Shapley values are their weighted differences. A row then costs one table look-up a tree.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.shapley.machinecode import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DEEPEST = 8
"""Levels up to which a table pays: its size and its cost double twice with each."""


@dataclass(frozen=True, slots=True)
class Symmetric:
    """Symmetric trees of one depth or less: `player` (trees × levels), −1 beyond a tree's depth; bit d of a leaf's number
    answers level d, whose highest is the root. `value` and `weight` are trees × leaves, weights of training rows.
    """

    player: Integers
    value: Floats
    weight: Floats
    scale: float
    bias: float


@compiled()
def _tables(  # noqa: C901, PLR0912 one machine-code kernel
    player: Integers, value: Floats, weight: Floats, shares: Floats, slot_player: Integers, out: Floats
) -> float:
    """Fill `out` (trees × leaves × slots) and `slot_player` (trees × slots); return the sum of expectations."""
    trees, levels = player.shape
    leaves = value.shape[1]
    slot = np.zeros(levels, np.int64)
    under = np.zeros((levels + 1, leaves))  # weight under each prefix, by the lowest bit that it fixes
    held = np.zeros((1 << levels, leaves))
    expected = 0.0
    for t in range(trees):
        depth, players = 0, 0
        while depth < levels and player[t, depth] >= 0:
            found = -1
            for s in range(players):
                if slot_player[t, s] == player[t, depth]:
                    found = s
            if found < 0:
                slot_player[t, players] = player[t, depth]
                found = players
                players += 1
            slot[depth] = found
            depth += 1
        size = 1 << depth
        for i in range(size):
            under[0, i] = weight[t, i]
        for d in range(depth):
            for i in range(size >> (d + 1)):
                under[d + 1, i] = under[d, 2 * i] + under[d, 2 * i + 1]
        for coalition in range(1 << players):
            for i in range(size):
                held[coalition, i] = value[t, i]
            for d in range(depth):
                if coalition >> slot[d] & 1:
                    continue
                bit = 1 << d
                for i in range(size):
                    if i & bit:
                        continue
                    whole = under[d + 1, i >> (d + 1)]
                    right = under[d, i >> d | 1] / whole if whole > 0 else 0.0
                    left = under[d, i >> d] / whole if whole > 0 else 0.0
                    mean = left * held[coalition, i] + right * held[coalition, i | bit]
                    held[coalition, i] = mean
                    held[coalition, i | bit] = mean
        expected += held[0, 0]
        for s in range(players):
            for coalition in range(1 << players):
                if coalition >> s & 1:
                    continue
                count = 0
                for other in range(players):
                    count += coalition >> other & 1
                share = shares[players, count]
                for i in range(size):
                    out[t, i, s] += share * (held[coalition | 1 << s, i] - held[coalition, i])
    return expected


@compiled()
def _look_up(leaf: NDArray[np.uint32], tables: Floats, slot_player: Integers, out: Floats) -> None:
    for r in range(leaf.shape[0]):
        for t in range(leaf.shape[1]):
            i = leaf[r, t]
            for s in range(slot_player.shape[1]):
                p = slot_player[t, s]
                if p < 0:
                    break
                out[r, p] += tables[t, i, s]


def values(trees: Symmetric, leaf: NDArray[np.uint32], count: int) -> tuple[Floats, float]:
    """Attributions (rows × `count` players) and the base, from the leaf that each row falls into (rows × trees)."""
    number, levels = trees.player.shape
    tables = np.zeros((number, 1 << levels, levels))
    slots = np.full((number, levels), -1, np.int64)
    expected = _tables(
        np.ascontiguousarray(trees.player, np.int64),
        np.ascontiguousarray(trees.value),
        np.ascontiguousarray(trees.weight),
        _shares(levels),
        slots,
        tables,
    )
    out = np.zeros((len(leaf), count))
    _look_up(np.ascontiguousarray(leaf), tables, slots, out)
    return trees.scale * out, trees.scale * float(expected) + trees.bias


def _shares(most: int) -> Floats:
    """`|S|! (m − |S| − 1)! / m!` by m and |S|."""
    shares = np.zeros((most + 1, most + 1))
    for m in range(1, most + 1):
        for size in range(m):
            shares[m, size] = math.factorial(size) * math.factorial(m - size - 1) / math.factorial(m)
    return shares


def warm_up() -> None:
    """Compile both kernels where they may be compiled: before a runner forks and locks itself in."""
    one = Symmetric(np.zeros((1, 1), np.int64), np.zeros((1, 2)), np.ones((1, 2)), 1.0, 0.0)
    values(one, np.zeros((1, 1), np.uint32), 1)
