"""Reading scikit-learn's tree models into plain trees: what each node compares, exactly as the library does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from core.evidence.explain.shapley.trees import BITSET_WORDS, Ensemble, Tree, numeric_tree

Floats = NDArray[np.float64]

FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
SINGLE = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)
BOOSTED = (GradientBoostingClassifier, GradientBoostingRegressor)
HISTOGRAM = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
# Exact types: a subclass may have changed what predict means.
KNOWN: frozenset[type] = frozenset((*FORESTS, *SINGLE, *BOOSTED, *HISTOGRAM))


@dataclass(frozen=True, slots=True)
class Extracted:
    """An ensemble and the way its input matrix must be rounded before comparison with thresholds."""

    ensemble: Ensemble
    single_precision: bool  # scikit-learn's classic trees compare float32 values


def extract(estimator: object, output: int | None) -> Extracted | None:
    """Trees of a scikit-learn estimator for class position `output` (None: regression); None when unknown.

    The raw output is the mean class probability for trees and forests, the log-odds margin for boosting.
    """
    if type(estimator) not in KNOWN:
        return None
    if isinstance(estimator, FORESTS):
        return _forest(estimator.estimators_, output)
    if isinstance(estimator, SINGLE):
        return _forest([estimator], output)
    if isinstance(estimator, BOOSTED):
        return _boosted(estimator, output)
    return _histogram(estimator, output)


def _classic(fitted: object, values: Floats) -> Tree:
    tree = fitted.tree_  # type: ignore[attr-defined]
    return numeric_tree(
        left=tree.children_left,
        right=tree.children_right,
        column=np.maximum(tree.feature, 0),
        threshold=tree.threshold,
        missing_left=tree.missing_go_to_left.astype(np.bool_),
        value=values,
        cover=tree.weighted_n_node_samples,
    )


def _forest(estimators: list[object], output: int | None) -> Extracted | None:
    trees = []
    for fitted in estimators:
        values = fitted.tree_.value  # type: ignore[attr-defined]  # (nodes, outputs, classes)
        if values.shape[1] != 1:
            return None
        leaf = values[:, 0, 0] if output is None else values[:, 0, output] / values[:, 0].sum(axis=1)
        trees.append(_classic(fitted, leaf / len(estimators)))
    return Extracted(Ensemble(tuple(trees), 0.0), single_precision=True)


def _boosted(estimator: object, output: int | None) -> Extracted | None:
    stages = estimator.estimators_  # type: ignore[attr-defined]  # (iterations, 1 or classes)
    column = 0 if stages.shape[1] == 1 else int(output or 0)
    probe = np.zeros((2, estimator.n_features_in_), np.float32)  # type: ignore[attr-defined]
    if estimator.init not in (None, "zero"):  # type: ignore[attr-defined]
        return None  # an initial model of its own also needs an explanation
    constant = float(estimator._raw_predict_init(probe)[0, column])  # type: ignore[attr-defined]  # noqa: SLF001
    rate = estimator.learning_rate  # type: ignore[attr-defined]
    trees = tuple(_classic(stage[column], stage[column].tree_.value[:, 0, 0] * rate) for stage in stages)
    return Extracted(
        Ensemble(_oriented(trees, stages.shape[1], output), _sign(stages.shape[1], output) * constant), True
    )


def _sign(margins: int, output: int | None) -> float:
    """A binary model has one margin, of its second class; the first class's margin is its negative."""
    return -1.0 if margins == 1 and output == 0 else 1.0


def _oriented(trees: tuple[Tree, ...], margins: int, output: int | None) -> tuple[Tree, ...]:
    if _sign(margins, output) > 0:
        return trees
    return tuple(tree.scaled(-1.0) for tree in trees)


def _histogram(estimator: object, output: int | None) -> Extracted:
    stages = estimator._predictors  # type: ignore[attr-defined]  # noqa: SLF001
    margins = len(stages[0]) if stages else 1
    column = 0 if margins == 1 else int(output or 0)
    known, known_row = estimator._bin_mapper.make_known_categories_bitsets()  # type: ignore[attr-defined]  # noqa: SLF001
    trees = tuple(_binned(stage[column], known, known_row) for stage in stages)
    constant = float(np.ravel(estimator._baseline_prediction)[column])  # type: ignore[attr-defined]  # noqa: SLF001
    sign = _sign(margins, output)
    return Extracted(Ensemble(_oriented(trees, margins, output), sign * constant), single_precision=False)


def _binned(predictor: object, known: NDArray[np.uint32], known_row: NDArray[np.uint32]) -> Tree:
    """One tree of histogram boosting. Unknown categories follow the missing values, so their bits join the set."""
    nodes = predictor.nodes  # type: ignore[attr-defined]
    leaf = nodes["is_leaf"].astype(bool)
    categorical = nodes["is_categorical"].astype(bool) & ~leaf
    raw = predictor.raw_left_cat_bitsets  # type: ignore[attr-defined]
    sets = np.zeros((int(categorical.sum()), BITSET_WORDS), np.uint32)
    index = np.full(len(nodes), -1, np.int64)
    for position, at in enumerate(np.flatnonzero(categorical)):
        node = nodes[at]
        left = raw[node["bitset_idx"]].astype(np.uint32)
        if node["missing_go_to_left"]:
            left = left | ~known[known_row[node["feature_idx"]]].astype(np.uint32)
        sets[position], index[at] = left, position
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        column=np.where(leaf, 0, nodes["feature_idx"].astype(np.int64)),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        value=nodes["value"].astype(np.float64),
        cover=nodes["count"].astype(np.float64),
        category_set=index,
        category_sets=sets,
    )
