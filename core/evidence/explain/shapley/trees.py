"""Decision trees as plain arrays, whatever library grew them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LEAF = -1
BITSET_WORDS = (
    8  # words of a set where a library codes categories 0..255; others' sets are as wide as they need
)
NEVER = -np.inf


@dataclass(frozen=True, slots=True)
class Tree:
    """One binary tree with scalar leaves; arrays of length nodes, root first.

    A row goes left when `above < x <= threshold`, or, at a categorical split, when bit `int(x)` of the split's
    set is 1; a missing value, or a code outside the set's width, follows `missing_left`.
    """

    left: Integers  # child's node, LEAF at leaves
    right: Integers
    column: Integers  # of the matrix the tree reads
    threshold: Floats
    missing_left: Booleans
    value: Floats  # used at leaves only
    cover: Floats  # weight of the training rows that reached the node
    category_set: Integers  # row of `category_sets`, -1 at numeric splits
    category_sets: NDArray[np.uint32]  # (sets, words)
    above: Floats | None = None  # lower bound of the left way; none: minus infinity

    def with_cover(self, cover: Floats) -> "Tree":
        """The same tree with other covers."""
        return replace(self, cover=cover)

    def scaled(self, factor: float) -> "Tree":
        """The same tree with every leaf times `factor`."""
        return replace(self, value=self.value * factor)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A sum of trees and a constant: raw output = constant + Σ tree(x)."""

    trees: tuple[Tree, ...]
    constant: float

    @property
    def nodes(self) -> int:
        return sum(len(tree.left) for tree in self.trees)


def numeric_tree(
    *,
    left: Integers,
    right: Integers,
    column: Integers,
    threshold: Floats,
    value: Floats,
    cover: Floats,
    missing_left: Booleans | None = None,
) -> Tree:
    """A tree without categorical splits."""
    nodes = len(left)
    return Tree(
        left=np.asarray(left, np.int64),
        right=np.asarray(right, np.int64),
        column=np.asarray(column, np.int64),
        threshold=np.asarray(threshold, np.float64),
        missing_left=np.zeros(nodes, np.bool_)
        if missing_left is None
        else np.asarray(missing_left, np.bool_),
        value=np.asarray(value, np.float64),
        cover=np.asarray(cover, np.float64),
        category_set=np.full(nodes, -1, np.int64),
        category_sets=np.zeros((0, BITSET_WORDS), np.uint32),
    )


def stump() -> Ensemble:
    """The smallest tree there is: what kernels are compiled with."""
    tree = numeric_tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        column=np.array([0, 0, 0]),
        threshold=np.array([0.5, 0.0, 0.0]),
        value=np.array([0.0, 0.0, 1.0]),
        cover=np.array([2.0, 1.0, 1.0]),
    )
    return Ensemble((tree,), 0.0)


@dataclass(frozen=True, slots=True)
class Packed:
    """All trees of an ensemble in one run of arrays; children and category sets count from the run's start."""

    start: Integers  # (trees,) root node of each tree
    left: Integers
    right: Integers
    column: Integers
    threshold: Floats
    missing_left: Booleans
    value: Floats
    cover: Floats
    category_set: Integers
    category_sets: NDArray[np.uint32]
    above: Floats


def pack(trees: Sequence[Tree]) -> Packed:
    """Concatenate trees."""
    sizes = np.array([len(tree.left) for tree in trees], np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    sets = np.concatenate([[0], np.cumsum([len(tree.category_sets) for tree in trees])[:-1]]).astype(np.int64)

    def joined(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    def shifted(name: str, offsets: Integers) -> Integers:
        parts = [getattr(tree, name) for tree in trees]
        return np.concatenate([np.where(p >= 0, p + o, -1) for p, o in zip(parts, offsets, strict=True)])

    words = max((tree.category_sets.shape[1] for tree in trees if len(tree.category_sets)), default=1)
    wide = [_widened(tree.category_sets, words) for tree in trees]
    bounds = [np.full(len(t.left), NEVER) if t.above is None else t.above for t in trees]
    return Packed(
        start=start,
        left=shifted("left", start),
        right=shifted("right", start),
        column=joined("column").astype(np.int64),
        threshold=joined("threshold").astype(np.float64),
        missing_left=joined("missing_left").astype(np.bool_),
        value=joined("value").astype(np.float64),
        cover=joined("cover").astype(np.float64),
        category_set=shifted("category_set", sets),
        category_sets=np.ascontiguousarray(np.concatenate(wide).astype(np.uint32)),
        above=np.concatenate(bounds).astype(np.float64),
    )


def _widened(sets: NDArray[np.uint32], words: int) -> NDArray[np.uint32]:
    """Rows of `words` words. A set that was narrower holds no more codes for it."""
    wide = np.zeros((len(sets), words), np.uint32)
    if len(sets):
        wide[:, : sets.shape[1]] = sets
    return wide
