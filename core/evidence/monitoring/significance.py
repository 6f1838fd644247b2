"""How surprising a distance is when nothing changed: tails, sampling noise, and false discoveries."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Z = 1.959963984540054
"""Half width of a normal 95 % interval, in standard errors."""


def kolmogorov_tail(distance: float, n: float, m: float) -> float:
    """P(distance this large or larger) for samples of `n` and `m`, asymptotic (Kolmogorov 1933)."""
    if not (n > 0 and m > 0) or math.isnan(distance):
        return math.nan
    x = distance * math.sqrt(n * m / (n + m))
    if x < 0.2:
        return 1.0
    k = np.arange(1, 101)
    return float(min(1.0, max(0.0, 2 * np.sum((-1.0) ** (k - 1) * np.exp(-2.0 * k * k * x * x)))))


def chi_square_tail(statistic: float, freedom: int) -> float:
    """P(chi-square with `freedom` degrees ≥ `statistic`): the regularised upper incomplete gamma function.

    Series below the mean, continued fraction above (Numerical Recipes, section 6.2).
    """
    if math.isnan(statistic):
        return math.nan
    if freedom <= 0 or statistic < 1e-300:
        return 1.0
    a, x = freedom / 2, statistic / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        step = a
        while term > total * 1e-16:
            step += 1
            term *= x / step
            total += term
        return max(0.0, 1 - total * scale)
    tiny = 1e-300
    b = x + 1 - a
    c = 1 / tiny
    d = 1 / b
    h = d
    for i in range(1, 10_000):
        an = -i * (i - a)
        b += 2
        d = 1 / _away(an * d + b, tiny)
        c = _away(b + an / c, tiny)
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return scale * h


def _away(value: float, tiny: float) -> float:
    return tiny if abs(value) < tiny else value


def psi_noise(bins: int, n: Floats | float, m: Floats | float, level: float = 0.999) -> Floats:
    """PSI that sampling alone reaches with probability 1 − `level` when nothing changed.

    PSI is about (1/n + 1/m) times a chi-square of `bins` − 1 degrees (Yurdakul 2018); quantile by Wilson–Hilferty.
    """
    freedom = max(bins - 1, 1)
    z = NormalDist().inv_cdf(level)
    quantile = freedom * (1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3
    with np.errstate(divide="ignore"):
        return np.asarray(quantile * (1 / np.asarray(n, dtype=float) + 1 / np.asarray(m, dtype=float)))


def share_noise(
    share: Floats | float, n: Floats | float, m: Floats | float, level: float = 0.99999
) -> Floats:
    """How far a share moves between samples of `n` and `m` by chance, with probability 1 − `level` upwards."""
    z = NormalDist().inv_cdf(level)
    size = 1 / np.maximum(np.asarray(n, dtype=float), 1) + 1 / np.maximum(np.asarray(m, dtype=float), 1)
    return np.asarray(z * np.sqrt(share * (1 - share) * size))


def adjusted(p_values: Floats) -> Floats:
    """Benjamini–Hochberg q-values (1995, step-up) of one family; NaN stays NaN and is not counted."""
    p = np.asarray(p_values, dtype=float)
    q = np.full_like(p, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if not len(known):
        return q
    order = known[np.argsort(p[known], kind="stable")]
    raw = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1)
    return q


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Mean of two values or more with its normal 95 % interval: (mean, low, high)."""
    mean, error = float(values.mean()), Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return mean, mean - error, mean + error


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion (Wilson 1927); (NaN, NaN) without observations."""
    if n <= 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
