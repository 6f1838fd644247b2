"""Distances between two samples, from their counts alone; the same on every engine that can count.

Every function takes integer counts along the last axis and broadcasts the others; `VARIANTS` names what it computes.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer] | Floats

FLOOR = 1e-4

VARIANTS: Mapping[str, str] = {
    "hellinger": "Hellinger distance; 10 reference deciles or categories; nulls a bin of their own",
    "chi2": "two-sample (homogeneity) chi-square statistic; present values; categories empty on both sides left out",
    "wasserstein_normed": "first order, exact, over the reference's standard deviation",
    "psi": "10 reference deciles or categories; nulls a bin of their own; natural log; floor 1e-4",
    "js": "Jensen-Shannon distance, base 2; 10 reference deciles or categories; nulls a bin of their own",
    "ks": "two-sample, at the stored cuts; error is the most that a value between cuts can add",
    "ks_exact": "two-sample, exact",
    "linf": "largest difference of a category's share",
    "p_ks": "two-sample Kolmogorov, asymptotic, from the binned distance",
    "p_chi2": "two-sample chi-square, asymptotic",
    "wasserstein": "first order, exact, in the column's unit",
    "wasserstein_binned": "first order, linear between the stored cuts and level beyond them, over the reference's "
    "standard deviation",
}


def shares(counts: Counts) -> Floats:
    """Return each count as a share of its sum; NaN where there is nothing to count."""
    total = counts.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, counts / total, np.nan), dtype=np.float64)


def psi(reference: Counts, current: Counts) -> Floats:
    """Population stability index; shares are floored at 1e-4. NaN where a side is empty."""
    p = np.maximum(shares(reference), FLOOR)
    q = np.maximum(shares(current), FLOOR)
    return np.asarray(((q - p) * np.log(q / p)).sum(-1))


def jensen_shannon(reference: Counts, current: Counts, *, base: float = 2) -> Floats:
    """Jensen–Shannon distance: 0 equal, in base 2 1 disjoint (Lin 1991; its square is the divergence).

    Ours and NannyML's is base 2; Evidently's is base e.
    """
    p, q = np.broadcast_arrays(shares(reference), shares(current))
    middle = (p + q) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), p).sum(-1)
        right = np.where(q > 0, q * np.log2(q / middle), q).sum(-1)
    return np.asarray(np.sqrt(np.maximum((left + right) / 2, 0) * (math.log(2) / math.log(base))))


def hellinger(reference: Counts, current: Counts) -> Floats:
    """Hellinger distance of two lists of shares: 0 equal, 1 disjoint."""
    gap = np.sqrt(shares(reference)) - np.sqrt(shares(current))
    return np.asarray(np.sqrt(np.square(gap).sum(-1) / 2))


def largest_gap(reference: Counts, current: Counts) -> Floats:
    """L∞: the largest difference of one share."""
    return np.asarray(np.abs(shares(reference) - shares(current)).max(-1))


def kolmogorov_smirnov(
    reference: Counts, current: Counts, *, discrete: bool = False
) -> tuple[Floats, Floats]:
    """Return the two-sample distance at the cuts, and how much more it can be between them.

    Counts are of ordered cells. With `discrete`, a cell holds one value or none of the reference: no error.
    """
    a = np.cumsum(shares(reference), -1)
    b = np.cumsum(shares(current), -1)
    found = np.abs(a - b).max(-1)
    if discrete:
        return np.asarray(found), np.zeros_like(found)
    a0 = np.concatenate([np.zeros_like(a[..., :1]), a[..., :-1]], -1)
    b0 = np.concatenate([np.zeros_like(b[..., :1]), b[..., :-1]], -1)
    reach = np.maximum(a - b0, b - a0)
    return np.asarray(found), np.asarray(np.maximum(reach.max(-1) - found, 0))


def wasserstein_between(cuts: Sequence[float], reference: Counts, current: Counts) -> Floats:
    """First Wasserstein distance with both distributions linear between the cuts; what lies beyond is not measured.

    Counts are of the cells that `cuts` bound, the first one below them and the last above.
    """
    gap = np.diff(np.asarray(cuts, dtype=np.float64))
    if not len(gap):
        return np.full(np.broadcast_shapes(reference.shape, current.shape)[:-1], np.nan)
    apart = np.cumsum(shares(reference), -1)[..., :-1] - np.cumsum(shares(current), -1)[..., :-1]
    left, right = apart[..., :-1], apart[..., 1:]
    ends = np.abs(left) + np.abs(right)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The integral of |linear|: a trapezoid, or two triangles where the sign changes.
        area = np.where(left * right >= 0, ends, (np.square(left) + np.square(right)) / ends)
    return np.asarray((area * gap).sum(-1) / 2)


def chi_square(reference: Counts, current: Counts) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Two-sample (homogeneity) chi-square and its degrees of freedom; bins empty on both sides are left out."""
    o1, o2 = (np.asarray(x, dtype=np.float64) for x in np.broadcast_arrays(reference, current))
    n1 = o1.sum(-1, keepdims=True)
    n2 = o2.sum(-1, keepdims=True)
    both = o1 + o2
    with np.errstate(invalid="ignore", divide="ignore"):
        e1 = both * n1 / (n1 + n2)
        e2 = both * n2 / (n1 + n2)
        terms = np.where(both > 0, (o1 - e1) ** 2 / e1 + (o2 - e2) ** 2 / e2, 0.0)
    return np.asarray(terms.sum(-1)), np.asarray((both > 0).sum(-1) - 1, dtype=np.int64)


def chi_square_of_fit(reference: Counts, current: Counts) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Goodness of fit of `current` to the reference's shares taken as exact, as Evidently's "chi2" is.

    Bins that the reference lacks are left out. It ignores that the reference is a sample too: prefer `chi_square`.
    """
    observed = np.asarray(current, dtype=np.float64)
    expected = shares(reference) * observed.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(expected > 0, (observed - expected) ** 2 / expected, 0.0)
    return np.asarray(terms.sum(-1)), np.asarray((expected > 0).sum(-1) - 1, dtype=np.int64)
