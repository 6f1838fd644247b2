"""Tree ensembles inside an ONNX graph as plain trees: ml opset 1–3 (classifier, regressor) and 5 (`TreeEnsemble`)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.families.reading import Unreadable
from core.evidence.explain.shapley.trees import NEVER, Tree
from core.evidence.explain.terms import Fallback

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OPERATORS = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble"})
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
SWAPPED = frozenset(
    {"BRANCH_GTE", "BRANCH_GT", "BRANCH_NEQ"}
)  # the false way is the one `trees.Tree` calls left


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of all trees of an operator, in one run: `true` and `false` are positions, −1 at leaves."""

    roots: Integers
    true: Integers
    false: Integers
    column: Integers
    mode: tuple[str, ...]
    split: Floats
    missing_true: NDArray[np.bool_]
    leaves: Mapping[int, Mapping[int, float]]  # position → target → weight
    sets: Mapping[int, frozenset[float]]  # position → members
    single: bool  # thresholds in single precision
    average: bool

    @property
    def targets(self) -> frozenset[int]:
        """Outputs that any leaf speaks of."""
        return frozenset(t for weights in self.leaves.values() for t in weights)

    def trees(self, target: int) -> tuple[Tree, ...]:
        """Trees of one target, without covers."""
        share = 1.0 / len(self.roots) if self.average else 1.0
        return tuple(self._tree(int(root), target).scaled(share) for root in self.roots)

    def _tree(self, root: int, target: int) -> Tree:
        order = [root]
        for at in order:  # grows while it is read
            if self.true[at] >= 0:
                order += [int(self.true[at]), int(self.false[at])]
        place = {at: k for k, at in enumerate(order)}
        size = len(order)
        left, right = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
        column, threshold = np.zeros(size, np.int64), np.zeros(size)
        above, missing_left = np.full(size, NEVER), np.zeros(size, np.bool_)
        index, value = np.full(size, -1, np.int64), np.zeros(size)
        sets: list[NDArray[np.uint32]] = []
        for k, at in enumerate(order):
            if self.true[at] < 0:
                value[k] = self.leaves.get(at, {}).get(target, 0.0)
                continue
            mode = self.mode[at]
            swapped = mode in SWAPPED
            ways = (self.false[at], self.true[at]) if swapped else (self.true[at], self.false[at])
            left[k], right[k] = place[int(ways[0])], place[int(ways[1])]
            column[k] = self.column[at]
            # A comparison with NaN is false, but "not equal" is true; either way unless the node says otherwise.
            to_true = bool(self.missing_true[at]) or mode == "BRANCH_NEQ"
            missing_left[k] = to_true != swapped
            threshold[k], above[k] = self._interval(mode, float(self.split[at]))
            if mode == "BRANCH_MEMBER":
                index[k] = len(sets)
                sets.append(_bits(self.sets[at]))
        words = max((len(s) for s in sets), default=1)
        wide = np.zeros((len(sets), words), np.uint32)
        for k, one in enumerate(sets):
            wide[k, : len(one)] = one
        return Tree(left, right, column, threshold, missing_left, value, np.ones(size), index, wide, above)

    def _interval(self, mode: str, split: float) -> tuple[float, float]:
        """(threshold, above) of the values that go the left way."""
        if mode in {"BRANCH_LT", "BRANCH_GTE"}:
            return self._before(split), NEVER
        if mode in {"BRANCH_EQ", "BRANCH_NEQ"}:
            return split, self._before(split)
        return split, NEVER

    def _before(self, split: float) -> float:
        if self.single:
            return float(np.nextafter(np.float32(split), np.float32(-np.inf)))
        return float(np.nextafter(split, -np.inf))


def read(operator: str, attributes: Mapping[str, Any]) -> Nodes:
    """Nodes of a tree operator. Raise `Unreadable` for sums other than sum and mean, and for modes unknown."""
    aggregate = attributes.get("aggregate_function", b"SUM")
    aggregate = {0: b"AVERAGE", 1: b"SUM"}.get(aggregate, aggregate)
    if aggregate not in {b"SUM", b"AVERAGE"}:
        raise Unreadable(Fallback.UNSUPPORTED)
    found = _current(attributes) if operator == "TreeEnsemble" else _classic(operator, attributes)
    return Nodes(**found, average=aggregate == b"AVERAGE")


def _classic(operator: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    target = "class" if operator == "TreeEnsembleClassifier" else "target"

    def column(name: str) -> tuple[NDArray[Any], bool]:
        if f"{name}_as_tensor" in attributes:
            return np.asarray(attributes[f"{name}_as_tensor"]), False
        return np.asarray(attributes.get(name, ())), True

    tree, node = column("nodes_treeids")[0], column("nodes_nodeids")[0]
    place = {(int(t), int(n)): k for k, (t, n) in enumerate(zip(tree, node, strict=True))}
    mode = tuple(m.decode() for m in attributes["nodes_modes"])
    leaf = np.array([m == "LEAF" for m in mode])
    split, single = column("nodes_values")

    def ways(name: str) -> Integers:
        ids = column(name)[0]
        return np.array(
            [-1 if end else place[int(t), int(i)] for t, i, end in zip(tree, ids, leaf, strict=True)],
            np.int64,
        )

    true, false = ways("nodes_truenodeids"), ways("nodes_falsenodeids")
    if not set(mode) <= {*MODES, "LEAF"} or "BRANCH_MEMBER" in mode:
        raise Unreadable(Fallback.UNSUPPORTED)
    children = set(true.tolist()) | set(false.tolist())
    leaves: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    weights = zip(
        column(f"{target}_treeids")[0],
        column(f"{target}_nodeids")[0],
        column(f"{target}_ids")[0],
        column(f"{target}_weights")[0],
        strict=True,
    )
    for t, n, i, w in weights:
        leaves[place[int(t), int(n)]][int(i)] += float(w)
    tracks = np.asarray(attributes.get("nodes_missing_value_tracks_true", ()), np.int64)
    return {
        "roots": np.array([k for k in range(len(mode)) if k not in children], np.int64),
        "true": true,
        "false": false,
        "column": np.asarray(attributes["nodes_featureids"], np.int64),
        "mode": mode,
        "split": np.asarray(split, np.float64),
        "missing_true": tracks > 0 if len(tracks) else np.zeros(len(mode), np.bool_),
        "leaves": leaves,
        "sets": {},
        "single": single,
    }


def _current(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Opset 5: inner nodes first, then the leaves, which this gives positions after them."""
    splits = np.asarray(attributes["nodes_splits"])
    inner = len(splits)
    codes = np.asarray(attributes["nodes_modes"], np.int64)
    mode = tuple(MODES[c] for c in codes)
    weights = np.asarray(attributes["leaf_weights"], np.float64)
    targets = np.asarray(attributes["leaf_targetids"], np.int64)

    def ways(ids: str, ends: str) -> Integers:
        found, at_leaf = np.asarray(attributes[ids], np.int64), np.asarray(attributes[ends], np.int64)
        return np.where(at_leaf > 0, inner + found, found)

    true = ways("nodes_truenodeids", "nodes_trueleafs")
    false = ways("nodes_falsenodeids", "nodes_falseleafs")
    roots = np.asarray(attributes["tree_roots"], np.int64)
    pad = np.full(len(weights), -1, np.int64)
    tracks = np.asarray(attributes.get("nodes_missing_value_tracks_true", np.zeros(inner)), np.int64)
    sets: dict[int, frozenset[float]] = {}
    members = np.asarray(attributes.get("membership_values", ()), np.float64)
    start = 0
    for at in np.flatnonzero(codes == MODES.index("BRANCH_MEMBER")):
        end = start + int(np.argmax(np.isnan(members[start:])))  # each set ends with a NaN
        sets[int(at)] = frozenset(members[start:end].tolist())
        start = end + 1
    # A tree of one leaf is written as a node whose two ways are that leaf.
    return {
        "roots": roots,
        "true": np.concatenate([true, pad]),
        "false": np.concatenate([false, pad]),
        "column": np.concatenate(
            [np.asarray(attributes["nodes_featureids"], np.int64), np.zeros(len(weights), np.int64)]
        ),
        "mode": (*mode, *(["LEAF"] * len(weights))),
        "split": np.concatenate([splits.astype(np.float64), np.zeros(len(weights))]),
        "missing_true": np.concatenate([tracks > 0, np.zeros(len(weights), np.bool_)]),
        "leaves": {
            inner + k: {int(t): float(w)} for k, (t, w) in enumerate(zip(targets, weights, strict=True))
        },
        "sets": sets,
        "single": splits.dtype == np.float32,
    }


def _bits(members: frozenset[float]) -> NDArray[np.uint32]:
    if any(m < 0 or not float(m).is_integer() or m > 1 << 16 for m in members):
        raise Unreadable(Fallback.UNSUPPORTED)
    bits = np.zeros(int(max(members, default=0)) // 32 + 1, np.uint32)
    for member in members:
        bits[int(member) >> 5] |= np.uint32(1 << (int(member) & 31))
    return bits
