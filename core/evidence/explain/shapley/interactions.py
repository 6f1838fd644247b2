"""Exact path-dependent interaction values of two players, by the quadrature of `quadrature.py`.

`Φ_ij = ½ Σ_leaf v ∫₀¹ (o_i − z_i)(o_j − z_j) Π_{k≠i,j} (z_k + t(o_k − z_k)) dt` for i ≠ j (the Shapley interaction index,
half to each side), and `Φ_ii = φ_i − Σ_{j≠i} Φ_ij`, so that a row of the matrix sums to φ_i.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.shapley.machinecode import compiled
from core.evidence.explain.shapley.quadrature import TreeExplainer, flattened
from core.evidence.explain.shapley.routing import goes_left
from core.evidence.explain.shapley.trees import Ensemble, pack, stump

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled()
def _pairs(  # noqa: C901, PLR0912 one machine-code kernel
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
    """Add Φ_ij, i ≠ j, of every leaf to `out` (rows × players × players)."""
    owner = np.zeros(deepest + 1, np.int64)
    share = np.zeros(deepest + 1)
    follows = np.zeros(deepest + 1, np.bool_)
    replaced = np.zeros(deepest + 1, np.int64)
    active = np.zeros(deepest + 1, np.int64)
    slope = np.zeros((deepest + 1, points.shape[0]))
    product = np.zeros(points.shape[0])
    for r in range(X.shape[0]):
        for t in range(offsets.shape[0] - 1):
            for k in range(offsets[t], offsets[t + 1]):
                d, at, a = depth[k], node[k], ancestor[k]
                way = goes_left(
                    X[r, column[at]], at, threshold, above, missing_left, category_set, category_sets
                )
                owner[d] = players[column[at]]
                share[d] = ratio[k] * before[k]
                follows[d] = (a == 0 or follows[a]) and way == side[k]
                replaced[d] = a
                if left[child[k]] >= 0:
                    continue
                found = 0
                for level in range(1, d + 1):
                    last = True
                    for deeper in range(level + 1, d + 1):
                        if replaced[deeper] == level:
                            last = False
                            break
                    if last:
                        active[found] = level
                        found += 1
                for q in range(points.shape[0]):
                    product[q] = leaf[k] * weights[q] * 0.5
                    for i in range(found):
                        z = share[active[i]]
                        if follows[active[i]]:
                            factor = z * (1.0 - points[q]) + points[q]
                            slope[i, q] = (1.0 - z) / factor
                        else:
                            factor = z * (1.0 - points[q])
                            slope[i, q] = -1.0 / (1.0 - points[q])
                        product[q] *= factor
                for i in range(found):
                    for j in range(i):
                        total = 0.0
                        for q in range(points.shape[0]):
                            total += product[q] * slope[i, q] * slope[j, q]
                        out[r, owner[active[i]], owner[active[j]]] += total
                        out[r, owner[active[j]], owner[active[i]]] += total


def interactions(ensemble: Ensemble, players: Sequence[int], count: int, matrix: Floats) -> Floats:
    """Interaction values (rows × players × players) of matrix rows; each row of a matrix sums to φ."""
    X = np.ascontiguousarray(matrix, np.float64)
    own = np.asarray(players, np.int64)
    packed = pack(ensemble.trees)
    flat = flattened(packed, own)
    depth = flat.edges[3]
    out = np.zeros((len(X), count, count))
    if len(depth) == 0:
        return out
    deepest = int(depth.max())
    points, weights = np.polynomial.legendre.leggauss(max(1, (flat.most + 1) // 2))
    p = packed
    _pairs(
        X,
        p.column,
        p.threshold,
        p.above,
        p.missing_left,
        p.category_set,
        p.category_sets,
        p.left,
        *flat.edges,
        own,
        (points + 1) / 2,
        weights / 2,
        deepest,
        out,
    )
    diagonal = np.arange(count)
    out[:, diagonal, diagonal] = TreeExplainer(ensemble, players, count).values(X) - out.sum(axis=2)
    return out


def warm_up() -> None:
    """Compile the kernel where it may be compiled."""
    interactions(stump(), [0], 1, np.zeros((1, 1)))
