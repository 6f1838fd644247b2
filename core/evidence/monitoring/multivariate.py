"""What no single column shows: correlations, the reconstruction error of principal components, a domain classifier.

Each takes a sample of both sides as a matrix (see `matrix`); the reference's own spread says what chance does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring.significance import adjusted

Floats = npt.NDArray[np.float64]

CHUNKS = 10
EXPLAINED = 0.65
_TREES = 60
_LEAVES = 15
"""Of each tree. Against 31: half the time; shifts, spreads, correlations and interactions are told apart as well."""
_FOLDS = 3

VARIANTS: Mapping[str, str] = {
    "correlation_change": "largest change of a Spearman correlation between two numeric columns; midranks",
    "target_change": "largest change of a column's correlation ratio or Spearman correlation with the target",
    "reconstruction": "PCA reconstruction error, 65 % of variance kept, in standard deviations of reference chunks",
    "domain_auc": "ROC AUC of telling the files apart; gradient-boosted trees, cross-validated in 3 folds",
}


@dataclass(frozen=True, slots=True)
class PairChange:
    """A pair of columns whose correlation changed; `q_value` by Benjamini–Hochberg over all pairs."""

    columns: tuple[str, str]
    before: float
    after: float
    q_value: float


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Mean reconstruction errors; `deviations` is how far the current one lies, in spreads of reference chunks."""

    reference: float
    current: float
    deviations: float
    components: int


def ranks(values: Floats) -> Floats:
    """Midranks of each column, NaN left NaN."""
    found = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        kept = np.flatnonzero(~np.isnan(values[:, column]))
        _, place, count = np.unique(values[kept, column], return_inverse=True, return_counts=True)
        found[kept, column] = (np.cumsum(count) - (count - 1) / 2)[place]
    return found


def correlations(values: Floats) -> Floats:
    """Spearman correlations of the columns; a missing value counts as the middle rank. NaN for constants."""
    ranked = ranks(values)
    gap = ranked - np.nanmean(ranked, axis=0)
    gap = np.nan_to_num(gap)
    spread = np.sqrt(np.square(gap).sum(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((gap.T @ gap) / np.outer(spread, spread))


def correlation_changes(names: Sequence[str], a: Floats, b: Floats) -> tuple[PairChange, ...]:
    """Return all pairs of numeric columns, the largest change first; tested by Fisher's z (Fieller 1957 for ranks)."""
    before, after = correlations(a), correlations(b)
    left, right = np.triu_indices(len(names), 1)
    p, q = before[left, right], after[left, right]
    size = math.sqrt(1.06 / max(len(a) - 3, 1) + 1.06 / max(len(b) - 3, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(np.arctanh(np.clip(p, -0.999999, 0.999999)) - np.arctanh(np.clip(q, -0.999999, 0.999999)))
    tails = np.array([math.erfc(one / size / math.sqrt(2)) if one == one else math.nan for one in z.tolist()])  # noqa: PLR0124 - NaN
    levels = adjusted(tails)
    order = np.argsort(-np.nan_to_num(np.abs(p - q)), kind="stable")
    return tuple(
        PairChange((names[left[i]], names[right[i]]), float(p[i]), float(q[i]), float(levels[i]))
        for i in order
        if not math.isnan(p[i]) and not math.isnan(q[i])
    )


def association(codes: Floats, target: Floats, *, ordered: bool) -> float:
    """Spearman correlation with the target, or for categories the correlation ratio η of its ranks; NaN if constant."""
    kept = ~np.isnan(codes) & ~np.isnan(target)
    if kept.sum() < 3:
        return math.nan
    if ordered:
        return float(correlations(np.column_stack([codes[kept], target[kept]]))[0, 1])
    ranked = ranks(target[kept][:, None])[:, 0]
    whole = np.square(ranked - ranked.mean()).sum()
    if not whole:
        return math.nan
    _, place = np.unique(codes[kept], return_inverse=True)
    count = np.bincount(place)
    means = np.bincount(place, ranked) / count
    return math.sqrt(float((count * np.square(means - ranked.mean())).sum() / whole))


def reconstruction(a: Floats, b: Floats) -> Reconstruction:
    """Compare the mean distance of rows from their principal components' plane (Rabanser 2019; NannyML).

    `a` is cut in two: components from the one half, chunks of the other say what chance does. NaN are filled with
    the reference's mean.
    """
    fitted, held = a[::2], a[1::2]
    mean = np.nan_to_num(np.nanmean(fitted, axis=0))
    spread = np.nan_to_num(np.nanstd(fitted, axis=0))
    kept = np.flatnonzero(spread > 0)
    if not len(kept) or len(held) < CHUNKS:
        return Reconstruction(math.nan, math.nan, math.nan, 0)

    def scaled(x: Floats) -> Floats:
        return np.asarray(np.nan_to_num((x[:, kept] - mean[kept]) / spread[kept]))

    x = scaled(fitted)
    sizes, axes = np.linalg.eigh(x.T @ x / len(x))
    share = np.cumsum(sizes[::-1]) / sizes.sum()
    count = int(np.searchsorted(share, EXPLAINED) + 1)
    plane = axes[:, ::-1][:, :count]

    def errors(rows: Floats) -> Floats:
        z = scaled(rows)
        return np.asarray(np.sqrt(np.square(z - z @ plane @ plane.T).sum(1)))

    own, theirs = errors(held), errors(b)
    chunks = np.array([part.mean() for part in np.array_split(own, CHUNKS)])
    # A chunk's mean varies with its size; the two sides' means are compared at their own sizes.
    chance = float(chunks.std(ddof=1)) * math.sqrt((1 / len(own) + 1 / len(theirs)) * len(own) / CHUNKS)
    far = float(theirs.mean() - own.mean()) / chance if chance > 0 else math.nan
    return Reconstruction(float(own.mean()), float(theirs.mean()), far, count)


def domain_auc(a: Floats, b: Floats, *, seed: int = 0) -> float:
    """ROC AUC with which trees tell rows of `b` from rows of `a`: 0.5 where they cannot."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - heavy, and only for this
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    x = np.concatenate([a, b])
    y = np.repeat([0, 1], [len(a), len(b)])
    if min(len(a), len(b)) < 10 * _FOLDS:
        return math.nan
    trees = HistGradientBoostingClassifier(
        max_iter=_TREES, max_leaf_nodes=_LEAVES, random_state=seed, early_stopping=False
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    # At this size threads wait for each other more than they work, and on a busy machine without end.
    with threadpool_limits(limits=1, user_api="openmp"):
        said = cross_val_predict(trees, x, y, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(y, said))
