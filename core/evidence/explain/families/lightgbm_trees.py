"""LightGBM's trees, from the text of its model: double precision `x <= t`, sets of categories that go left."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families.reading import Front, TreeReading, Unreadable, anchored, codes
from core.evidence.explain.shapley.columns import Owners
from core.evidence.explain.shapley.outputs import RawOutput, Score, position_of
from core.evidence.explain.shapley.trees import Ensemble, Tree
from core.evidence.explain.terms import Fallback, Unit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LOGGED = frozenset({"poisson", "gamma", "tweedie"})
CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of `decision_type`
NONE, ZERO, NAN = 0, 1, 2  # what counts as missing, in the bits above
TINY = 1e-35  # LightGBM's zero


def takes(estimator: object) -> bool:
    """Whether this is LightGBM's own scikit-learn estimator, or a booster's file as the runner loads it."""
    kind = type(estimator)
    return getattr(kind, "kind", "") == "lightgbm.Booster" or (
        kind.__module__ == "lightgbm.sklearn" and hasattr(estimator, "booster_")
    )


class Learner:
    """A booster, how a matrix or frame reaches it, its raw scores and the text of its trees."""

    def __init__(self, estimator: object) -> None:
        self.estimator = estimator
        self.native = getattr(estimator, "native", None)
        self.booster = self.native if self.native is not None else estimator.booster_  # type: ignore[attr-defined]
        text = self.booster.model_to_string(num_iteration=-1)
        head, *trees = re.split(r"^Tree=\d+\n", text, flags=re.MULTILINE)
        self.head = head
        self.per_round = int(_line(head, "num_tree_per_iteration") or 1)
        best = int(self.booster.best_iteration or -1)
        used = trees[: best * self.per_round] if best > 0 else trees
        self.texts = [t.split("\n\n", 1)[0] for t in used]
        self.objective = _line(head, "objective").split(" ")[0]
        averaged = re.search(r"^average_output$", head, re.MULTILINE) is not None
        self.share = 1.0 / max(1, len(self.texts) // self.per_round) if averaged else 1.0

    def scores(self, data: object) -> Floats:
        """Raw outputs (rows,) or (rows × classes)."""
        rows = self.estimator.prepared(data) if self.native is not None else data  # type: ignore[attr-defined]
        library: Any = self.estimator if self.native is None else self.native
        found = np.asarray(library.predict(rows, raw_score=True, num_threads=1), np.float64)
        return found * self.share  # a bagged forest gives the sum here, and links the mean

    def matrix(self, data: object, missing: Mapping[int, int]) -> Floats:
        """What the nodes compare; `missing` says per column what LightGBM takes for missing there."""
        rows = self.estimator.prepared(data) if self.native is not None else data  # type: ignore[attr-defined]
        if isinstance(rows, pd.DataFrame):
            found = codes(rows, self._categories(rows))
        else:
            dense = rows.toarray() if hasattr(rows, "toarray") else rows
            found = np.array(dense, np.float64)
        for column, kind in missing.items():
            values = found[:, column]
            if kind == NONE:
                values[np.isnan(values)] = 0.0
            elif kind == ZERO:
                values[np.abs(values) <= TINY] = np.nan
        return found

    def _categories(self, frame: pd.DataFrame) -> Mapping[int, Sequence[object]]:
        textual = [
            i for i in range(frame.shape[1]) if isinstance(frame.iloc[:, i].dtype, pd.CategoricalDtype)
        ]
        listed = self.booster.pandas_categorical or []
        return dict(zip(textual, listed, strict=True)) if len(listed) == len(textual) else {}

    def trees(self, group: int) -> tuple[Tree, ...]:
        """Trees of one output."""
        return tuple(_tree(text).scaled(self.share) for text in self.texts[group :: self.per_round])

    def missing(self) -> Mapping[int, int]:
        """What counts as missing in each numeric column: alike in all trees."""
        found: dict[int, int] = {}
        for text in self.texts:
            columns, decisions = _numbers(text, "split_feature", int), _numbers(text, "decision_type", int)
            for column, decision in zip(columns, decisions, strict=True):
                if not int(decision) & CATEGORICAL:
                    found[int(column)] = (int(decision) >> 2) & 3
        return found


def read(
    model: object,
    estimator: object,
    front: Front,
    players: Owners,
    background: pd.DataFrame,
    label: str | None,
) -> TreeReading:
    """Trees of LightGBM behind `front`. Raise `Unreadable` for leaves that hold linear models."""
    learner = Learner(estimator)
    if any(re.search(r"^is_linear=1", text, re.MULTILINE) for text in learner.texts):
        raise Unreadable(Fallback.LINEAR_LEAVES)
    found, group, sign = _output(model, learner, lambda f: learner.scores(front(f)), label)
    missing = learner.missing()
    trees = tuple(t.scaled(sign) for t in learner.trees(group))
    reading = TreeReading(
        Ensemble(trees, 0.0),
        lambda f: learner.matrix(front(f), missing),
        found,
        players,
    )
    return anchored(reading, background)


def _output(model: object, learner: Learner, score: Score, label: str | None) -> tuple[RawOutput, int, float]:
    position = position_of(model, label)
    if position is None:
        unit = Unit.LOG_VALUE if learner.objective in LOGGED else Unit.VALUE
        if learner.per_round > 1:
            raise Unreadable(Fallback.VECTOR_LEAVES)
        return RawOutput(lambda f: score(f).reshape(len(f)), unit, None, ""), 0, 1.0
    name = str(model.classes_[position])  # type: ignore[attr-defined]
    if learner.per_round > 1:
        return RawOutput(lambda f: score(f)[:, position], Unit.MARGIN, position, name), position, 1.0
    sign = 1.0 if position == 1 else -1.0
    return RawOutput(lambda f: sign * score(f), Unit.MARGIN, position, name), 0, sign


def _tree(text: str) -> Tree:
    leaves = int(_line(text, "num_leaves"))
    inner = leaves - 1
    leaf_values = _numbers(text, "leaf_value", float)
    counts = _numbers(text, "leaf_count", float)
    if len(counts) != leaves:
        counts = np.ones(leaves)
    nodes = inner + leaves
    decision = _numbers(text, "decision_type", int).astype(np.int64)
    categorical = (decision & CATEGORICAL) > 0

    def children(key: str) -> Integers:
        found = _numbers(text, key, int).astype(np.int64)
        return np.where(found >= 0, found, inner + ~found)

    left, right = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    column, threshold = np.zeros(nodes, np.int64), np.zeros(nodes)
    missing_left, index = np.zeros(nodes, np.bool_), np.full(nodes, -1, np.int64)
    left[:inner], right[:inner] = children("left_child"), children("right_child")
    column[:inner] = _numbers(text, "split_feature", int)
    threshold[:inner] = _numbers(text, "threshold", float)
    missing_left[:inner] = ((decision & DEFAULT_LEFT) > 0) & ~categorical
    sets = _sets(text) if categorical.any() else np.zeros((0, 1), np.uint32)
    index[:inner][categorical] = threshold[:inner][categorical].astype(np.int64)
    cover = np.concatenate([_numbers(text, "internal_count", float), counts]) if inner else counts
    return Tree(
        left=left,
        right=right,
        column=column,
        threshold=threshold,
        missing_left=missing_left,
        value=np.concatenate([np.zeros(inner), leaf_values]),
        cover=cover,
        category_set=index,
        category_sets=sets,
    )


def _sets(text: str) -> NDArray[np.uint32]:
    bounds = _numbers(text, "cat_boundaries", int).astype(np.int64)
    words = _numbers(text, "cat_threshold", int).astype(np.uint32)
    sets = np.zeros((len(bounds) - 1, int(np.diff(bounds).max())), np.uint32)
    for row, (first, last) in enumerate(_between(bounds)):
        sets[row, : last - first] = words[first:last]
    return sets


def _between(bounds: Integers) -> Iterator[tuple[int, int]]:
    return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)


def _line(text: str, key: str) -> str:
    found = re.search(rf"^{key}=(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _numbers(text: str, key: str, kind: type[int] | type[float]) -> Floats:
    """A line of numbers; counts of rows stay exact in double precision."""
    return np.array([kind(part) for part in _line(text, key).split()], np.float64)
