"""XGBoost's trees: single-precision `x < t`, sets of categories that go right, weights of dropped trees."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families.reading import Front, TreeReading, Unreadable, anchored, codes
from core.evidence.explain.shapley.columns import Owners
from core.evidence.explain.shapley.linear import Weights
from core.evidence.explain.shapley.outputs import RawOutput, Score, position_of
from core.evidence.explain.shapley.trees import Ensemble, Tree
from core.evidence.explain.terms import Fallback, Unit

Floats = NDArray[np.float64]

LOGGED = frozenset({"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"})
PLAIN = frozenset(
    {
        "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:linear",
        "reg:quantileerror", "rank:ndcg", "rank:map", "rank:pairwise",
    }
)  # fmt: skip


def takes(estimator: object) -> bool:
    """Whether this is XGBoost's own scikit-learn estimator, or a booster's file as the runner loads it."""
    kind = type(estimator)
    return getattr(kind, "kind", "") == "xgboost.Booster" or (
        kind.__module__ == "xgboost.sklearn" and hasattr(estimator, "get_booster")
    )


class Learner:
    """A booster, how a matrix or frame reaches it, and its raw margins."""

    def __init__(self, estimator: object) -> None:
        self.estimator = estimator
        self.native = getattr(estimator, "native", None)
        self.booster = self.native if self.native is not None else estimator.get_booster()  # type: ignore[attr-defined]
        self.learner = json.loads(bytes(self.booster.save_raw("json")))["learner"]
        self.objective = str(self.learner["objective"]["name"])
        self._words = 0

    def margins(self, data: object) -> Floats:
        """Raw outputs (rows,) or (rows × classes)."""
        if self.native is not None:
            return np.asarray(self.estimator.margins(data), np.float64)  # type: ignore[attr-defined]
        return np.asarray(self.estimator.predict(data, output_margin=True), np.float64)  # type: ignore[attr-defined]

    def matrix(self, data: object) -> Floats:
        """What the nodes compare: single precision, categories by the model's own numbers, NaN for missing."""
        if self.native is not None:
            data = self.estimator.prepared(data)  # type: ignore[attr-defined]
        if isinstance(data, pd.DataFrame):
            found = codes(data, self._categories(data))
        else:
            dense = data.toarray() if hasattr(data, "toarray") else data
            found = np.asarray(dense, np.float64)
        missing = getattr(self.estimator, "missing", np.nan)
        if missing is not None and not np.isnan(missing):
            found = np.where(found == missing, np.nan, found)
        single = found.astype(np.float32).astype(np.float64)
        last = 32.0 * self.words - 1  # a code that no set lists
        for column in self._categorical():
            values = single[:, column]
            values[(values < 0) | (values > last)] = last
        return single

    @property
    def words(self) -> int:
        """Width of the sets of categories: the highest listed code, and a word that none lists; 0 without sets."""
        if not self._words:
            highest = [max(t["categories"]) for t in self._stored() if t.get("categories")]
            self._words = max(highest) // 32 + 2 if highest else 0
        return self._words

    @property
    def has_vectors(self) -> bool:
        """Whether one leaf speaks of several outputs."""
        return any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in self._stored())

    def _categorical(self) -> frozenset[int]:
        found: set[int] = set()
        for tree in self._stored() if self.words else ():
            indices = tree["split_indices"]
            found.update(int(indices[node]) for node in tree.get("categories_nodes") or ())
        return frozenset(found)

    def _stored(self) -> Sequence[Mapping[str, Any]]:
        if self.learner["gradient_booster"]["name"] == "gblinear":
            return ()
        return cast("Sequence[Mapping[str, Any]]", self._model()["trees"])

    def _categories(self, frame: pd.DataFrame) -> Mapping[int, Sequence[object]]:
        textual = [
            i for i in range(frame.shape[1]) if isinstance(frame.iloc[:, i].dtype, pd.CategoricalDtype)
        ]
        if not textual or not hasattr(self.booster, "get_categories"):
            return {}
        listed = self.booster.get_categories(export_to_arrow=True).to_arrow()
        return {i: listed[i][1].to_pylist() for i in textual if listed[i][1] is not None}

    @property
    def groups(self) -> Sequence[int]:
        """Which output each tree belongs to, of the rounds that are used in prediction."""
        model = self._model()
        info = list(model["tree_info"])
        last = getattr(self.estimator, "best_iteration", None) if self._stops_early() else None
        if last is None:
            return info
        bounds = model.get("iteration_indptr") or _bounds(len(info), self.learner, model)
        return info[: bounds[last + 1]]

    def _stops_early(self) -> bool:
        return self.native is None and "best_iteration" in (self.learner.get("attributes") or {})

    def _model(self) -> Mapping[str, Any]:
        booster = self.learner["gradient_booster"]
        return cast(
            "Mapping[str, Any]", booster["gbtree"]["model"] if "gbtree" in booster else booster["model"]
        )

    def trees(self, group: int) -> tuple[Tree, ...]:
        """Trees of one output. Raise `Unreadable` for leaves that hold several outputs."""
        booster = self.learner["gradient_booster"]
        drop = booster.get("weight_drop")
        listed = self._stored()
        return tuple(
            _tree(listed[i], self.words).scaled(float(drop[i]) if drop else 1.0)
            for i, own in enumerate(self.groups)
            if own == group
        )


def _bounds(trees: int, learner: Mapping[str, Any], model: Mapping[str, Any]) -> Sequence[int]:
    """Older files do not say where a round ends: classes × parallel trees each."""
    several = max(1, int(learner["learner_model_param"]["num_class"]))
    parallel = max(1, int(model["gbtree_model_param"].get("num_parallel_tree", 1)))
    return range(0, trees + 1, several * parallel)


def output(model: object, learner: Learner, score: Score, label: str | None) -> tuple[RawOutput, int, float]:
    """The raw output that the trees add up to, its group of trees, and the sign of a binary model's classes."""
    position = position_of(model, label)
    several = int(learner.learner["learner_model_param"]["num_class"])
    if position is None:
        unit = Unit.LOG_VALUE if learner.objective in LOGGED else Unit.VALUE
        if learner.objective not in LOGGED | PLAIN:
            raise Unreadable(Fallback.UNSUPPORTED)
        return RawOutput(lambda f: score(f).reshape(len(f)), unit, None, ""), 0, 1.0
    name = str(model.classes_[position])  # type: ignore[attr-defined]
    if several > 1:
        return RawOutput(lambda f: score(f)[:, position], Unit.MARGIN, position, name), position, 1.0
    sign = 1.0 if position == 1 else -1.0
    return RawOutput(lambda f: sign * score(f), Unit.MARGIN, position, name), 0, sign


def read(
    model: object,
    estimator: object,
    front: Front,
    players: Owners,
    background: pd.DataFrame,
    label: str | None,
) -> TreeReading:
    """Trees of XGBoost behind `front`. Raise `Unreadable` for linear boosters and vector leaves."""
    learner = Learner(estimator)
    if learner.has_vectors:
        raise Unreadable(Fallback.VECTOR_LEAVES)
    found, group, sign = output(model, learner, lambda f: learner.margins(front(f)), label)
    if found.position is None and len(set(learner.groups)) > 1:
        raise Unreadable(Fallback.VECTOR_LEAVES)
    trees = tuple(t.scaled(sign) for t in learner.trees(group))
    reading = TreeReading(Ensemble(trees, 0.0), lambda f: learner.matrix(front(f)), found, players)
    return anchored(reading, background)


def is_linear(estimator: object) -> bool:
    """Whether the booster is a weighted sum of its columns."""
    return bool(Learner(estimator).learner["gradient_booster"]["name"] == "gblinear")


def linear(learner: Learner, group: int, sign: float) -> Weights:
    """Coefficients of one output of a linear booster; the intercept is left to the anchor."""
    weights = np.asarray(learner.learner["gradient_booster"]["model"]["weights"], np.float64)
    features = int(learner.learner["learner_model_param"]["num_feature"])
    return Weights(sign * weights.reshape(features + 1, -1)[:features, group], 0.0)


def _tree(stored: Mapping[str, Any], words: int) -> Tree:
    left = np.asarray(stored["left_children"], np.int64)
    right = np.asarray(stored["right_children"], np.int64)
    condition = np.asarray(stored["split_conditions"], np.float32)
    below = np.nextafter(condition, np.float32(-np.inf))
    index, sets = _categories(stored, len(left), words)
    return Tree(
        left=left,
        right=np.where(left < 0, -1, right),
        column=np.where(left < 0, 0, np.asarray(stored["split_indices"], np.int64)),
        threshold=below.astype(np.float64),
        missing_left=np.asarray(stored["default_left"], np.bool_),
        value=condition.astype(np.float64),
        cover=np.asarray(stored["sum_hessian"], np.float64),
        category_set=index,
        category_sets=sets,
    )


def _categories(
    stored: Mapping[str, Any], nodes: int, words: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Sets of categories that go left: all but the listed ones."""
    at = list(stored.get("categories_nodes") or ())
    index = np.full(nodes, -1, np.int64)
    sets = np.full((len(at), max(1, words)), 0xFFFFFFFF, np.uint32)
    listed = np.asarray(stored["categories"], np.int64)
    starts = [*stored["categories_segments"], len(listed)]
    for row, (node, (first, last)) in enumerate(zip(at, pairwise(starts), strict=True)):
        index[node] = row
        for code in listed[first:last]:
            sets[row, code >> 5] &= np.uint32(~(1 << (int(code) & 31)) & 0xFFFFFFFF)
    return index, sets
