"""Decision trees as plain arrays, whatever library grew them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LEAF = -1
BITSET_WORDS = 8  # categories are coded 0..255: 256 bits in eight 32-bit words


@dataclass(frozen=True, slots=True)
class Tree:
    """One binary tree with scalar leaves; arrays of length nodes, root first.

    A row goes left when `x <= threshold`, or, at a categorical split, when bit `int(x)` of the split's
    set is 1; a missing value, or a code outside 0..255, follows `missing_left`.
    """

    left: Integers  # child's node, LEAF at leaves
    right: Integers
    column: Integers  # of the matrix the tree reads
    threshold: Floats
    missing_left: Booleans
    value: Floats  # used at leaves only
    cover: Floats  # weight of the training rows that reached the node
    category_set: Integers  # row of `category_sets`, -1 at numeric splits
    category_sets: NDArray[np.uint32]  # (sets, BITSET_WORDS)


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
        category_sets=np.ascontiguousarray(
            joined("category_sets").astype(np.uint32).reshape(-1, BITSET_WORDS)
        ),
    )
