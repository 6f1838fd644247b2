"""Stand-ins: how well features tell a protected attribute that the model never sees.

A feature is cut into at most sixteen bins; the share of the group in each bin, taken from the other folds, is its score,
and the area under the ROC curve says how well it tells the group from the rest (0.5: not at all). All features together
are asked of a random forest, cross-validated too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets.schema import is_number
from core.evidence.fairness.groups import Codes, Grouping
from core.evidence.fairness.tally import Floats, divided

BINS = 16
FOLDS = 5
MOST_ROWS = 20_000
JOINT_ROWS = 3_000
JOINT_FOLDS = 3
MOST_CATEGORIES = 64


@dataclass(frozen=True, slots=True)
class Proxy:
    """One feature, and how well it tells the groups apart: the mean over groups, weighted by their rows."""

    feature: str
    auc: float


@dataclass(frozen=True, slots=True)
class Proxies:
    """One attribute: its features by falling strength, and all of them `together`."""

    attribute: str
    features: tuple[Proxy, ...]
    together: float
    rows: int


def find(groups: Grouping, features: pd.DataFrame, *, smallest: int, seed: int = 0) -> Proxies | None:
    """Ask each feature, and all together; none where fewer than two groups are large enough."""
    large = np.flatnonzero(groups.sizes >= smallest)
    rows = np.flatnonzero(np.isin(groups.codes, large))
    if len(large) < 2 or features.empty:
        return None
    rng = np.random.default_rng(seed)
    rows = rng.permutation(rows)[:MOST_ROWS]
    codes = np.searchsorted(large, groups.codes[rows])
    table = features.iloc[rows].reset_index(drop=True)
    folds = np.arange(len(rows)) % FOLDS
    found = [Proxy(str(name), _alone(_binned(table[name]), codes, len(large), folds)) for name in table]
    found.sort(key=lambda p: (-p.auc, p.feature))
    together = _together(table.head(JOINT_ROWS), codes[:JOINT_ROWS], seed)
    return Proxies(groups.attributes[0], tuple(found), together, len(rows))


def auc(event: NDArray[np.bool_], score: Floats) -> float:
    """Return the area under the ROC curve from ranks; NaN with one class only."""
    positive = int(event.sum())
    negative = len(event) - positive
    if not positive or not negative:
        return float("nan")
    ranks = pd.Series(score).rank().to_numpy()
    return float((ranks[event].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _alone(bins: Codes, codes: Codes, k: int, folds: Codes) -> float:
    many = int(bins.max()) + 1
    flat = (folds * many + bins) * k + codes
    counts = np.bincount(flat, minlength=FOLDS * many * k).reshape(FOLDS, many, k)
    others = counts.sum(axis=0)[None] - counts
    whole = others.sum(axis=1, keepdims=True) / np.maximum(others.sum(axis=(1, 2), keepdims=True), 1)
    # One row's worth of the whole table in each bin: an empty bin says what the table says.
    scores = (others + whole) / (others.sum(axis=2, keepdims=True) + 1)
    return _weighted(codes, scores[folds, bins], k)


def _weighted(codes: Codes, scores: Floats, k: int) -> float:
    asked = range(1) if k == 2 else range(k)
    areas = np.array([auc(codes == g, scores[:, g]) for g in asked])
    weight = np.array([(codes == g).sum() for g in asked], dtype=np.float64)
    known = ~np.isnan(areas)
    if not known.any():
        return float("nan")
    return float(divided((areas[known] * weight[known]).sum(), weight[known].sum()))


def _binned(values: pd.Series) -> Codes:
    if is_number(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        edges = (
            np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
        )
        bins = np.searchsorted(edges, numbers, side="right")
        return np.where(np.isnan(numbers), len(edges) + 1, bins).astype(np.int64)
    texts = values.astype("string").fillna("")
    common = texts.value_counts().index[:MOST_CATEGORIES]
    return pd.Categorical(texts, categories=common).codes.astype(np.int64) + 1


def _together(table: pd.DataFrame, codes: Codes, seed: int) -> float:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - loaded by the worker alone
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415

    held = np.bincount(codes)
    kept = np.isin(codes, np.flatnonzero(held >= JOINT_FOLDS))
    codes = np.unique(codes[kept], return_inverse=True)[1]
    k = int(codes.max()) + 1 if len(codes) else 0
    if k < 2:
        return float("nan")
    inputs = _numbers(table)[kept]
    scores = np.zeros((len(codes), k))
    for fit, ask in StratifiedKFold(JOINT_FOLDS, shuffle=True, random_state=seed).split(inputs, codes):
        model = RandomForestClassifier(
            30, min_samples_leaf=8, max_features="sqrt", random_state=seed, n_jobs=2
        )
        scores[ask] = model.fit(inputs[fit], codes[fit]).predict_proba(inputs[ask])
    return _weighted(codes, scores, k)


def _numbers(table: pd.DataFrame) -> Floats:
    columns: Sequence[Floats] = [
        table[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if pd.api.types.is_numeric_dtype(table[name])
        else pd.factorize(table[name].astype("string"))[0].astype(np.float64)
        for name in table
    ]
    return np.column_stack(columns)
