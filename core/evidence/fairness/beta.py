"""Quantiles of the beta distribution in plain Python: for the few that a page asks for, without 13 MB of SciPy."""

from functools import lru_cache
from math import exp, lgamma, log, log1p

CLOSE = 1e-15
TINY = 1e-300
STEPS = 400


def share_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: how much of Beta(a, b) lies below `x`."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly on the near side only
        return 1 - share_below(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _fraction(x, a, b)


@lru_cache(maxsize=4096)
def quantile(p: float, a: float, b: float) -> float:
    """The point below which a share `p` of Beta(a, b) lies: Newton's steps, kept within a bracket that only narrows."""
    low, high = 0.0, 1.0
    x = a / (a + b)
    whole = lgamma(a + b) - lgamma(a) - lgamma(b)
    for _ in range(STEPS):
        off = share_below(x, a, b) - p
        low, high = (low, x) if off > 0 else (x, high)
        slope = exp(whole + (a - 1) * log(x) + (b - 1) * log1p(-x))
        following = x - off / slope if slope > TINY else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= CLOSE * x or not low < following < high:
            return following
        x = following
    return x


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation of the continued fraction."""
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _apart(1 + step * d)
            c = _apart(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < CLOSE:
            break
    return found


def _apart(value: float) -> float:
    """Keep a divisor away from nought."""
    return value if abs(value) > TINY else TINY
