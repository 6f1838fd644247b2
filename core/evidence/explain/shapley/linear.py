"""Closed form for models that are a weighted sum of their (transformed) columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.svm import LinearSVC, LinearSVR

Floats = NDArray[np.float64]

LOG_LINK = (PoissonRegressor, GammaRegressor)
KNOWN: frozenset[type] = frozenset(
    (
        LinearRegression,
        Ridge,
        RidgeCV,
        Lasso,
        LassoCV,
        ElasticNet,
        ElasticNetCV,
        LinearSVR,
        SGDRegressor,
        LogisticRegression,
        LogisticRegressionCV,
        RidgeClassifier,
        LinearSVC,
        SGDClassifier,
        *LOG_LINK,
    )
)


@dataclass(frozen=True, slots=True)
class Weights:
    """score = intercept + matrix @ coefficients."""

    coefficients: Floats
    intercept: float


def weights(estimator: object, output: int | None) -> Weights | None:
    """Coefficients of a known linear estimator for class position `output`; None when unknown."""
    if type(estimator) not in KNOWN:
        return None
    coefficients = np.atleast_2d(np.asarray(estimator.coef_, np.float64))  # type: ignore[attr-defined]
    intercepts = np.broadcast_to(np.ravel(estimator.intercept_), (len(coefficients),))  # type: ignore[attr-defined]
    if output is None:
        return Weights(coefficients[0], float(intercepts[0])) if len(coefficients) == 1 else None
    if len(coefficients) == 1:
        sign = 1.0 if output == 1 else -1.0
        return Weights(sign * coefficients[0], sign * float(intercepts[0]))
    return Weights(coefficients[output], float(intercepts[output]))


def attribute(
    matrix: Floats, background: Floats, weights: Weights, players: NDArray[np.int64], count: int
) -> tuple[Floats, float]:
    """Interventional Shapley values (rows × players) and base: `w_c (x_c − mean_background x_c)` summed by player."""
    centre = background.mean(axis=0)
    parts = (matrix - centre) * weights.coefficients
    values = np.zeros((len(matrix), count))
    np.add.at(values.T, players, parts.T)
    return values, weights.intercept + float(centre @ weights.coefficients)
