"""Exact distances of two sorted samples, without merging or walking them."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ordered = npt.NDArray[np.float64] | npt.NDArray[np.int64]

_GRID = 1024
_PARTS = 16
_CHUNK = 16_384
_EXACT = 2**52


def kolmogorov_smirnov(a: Ordered, b: Ordered, grid: int = _GRID) -> float:
    """Exact two-sample distance of sorted samples without NaN, both floats or both integers; NaN when one is empty.

    Bounds |Fa − Fb| between the points of a quantile grid and splits only the intervals that can still hold the
    maximum, until none is left.
    """
    n, m = len(a), len(b)
    if not n or not m:
        return float("nan")
    points = np.unique(np.concatenate([a[:: max(1, n // grid)], b[:: max(1, m // grid)], a[-1:], b[-1:]]))
    in_a, in_b = np.searchsorted(a, points, "right"), np.searchsorted(b, points, "right")
    best = float(np.abs(in_a / n - in_b / m).max())
    # Intervals (left, right] between neighbouring points: how many of each sample lie up to either end.
    right, a0, a1, b0, b1 = points[1:], in_a[:-1], in_a[1:], in_b[:-1], in_b[1:]
    while True:
        reach = np.maximum(a1 / n - b0 / m, b1 / m - a0 / n)
        inside = (a[np.minimum(a0, n - 1)] < right) | (b[np.minimum(b0, m - 1)] < right)
        kept = np.flatnonzero((reach > best) & inside)
        if not len(kept):
            return best
        right, a0, a1, b0, b1 = right[kept], a0[kept], a1[kept], b0[kept], b1[kept]
        step = np.arange(_PARTS)
        points = np.concatenate(
            [
                x[np.minimum(low[:, None] + (high - low)[:, None] * step // _PARTS, len(x) - 1)]
                for x, low, high in ((a, a0, a1), (b, b0, b1))
            ],
            axis=1,
        )
        points = np.sort(np.minimum(points, right[:, None]), axis=1)
        in_a = np.searchsorted(a, points.ravel(), "right").reshape(points.shape)
        in_b = np.searchsorted(b, points.ravel(), "right").reshape(points.shape)
        best = max(best, float(np.abs(in_a / n - in_b / m).max()))
        right = np.concatenate([points, right[:, None]], axis=1).ravel()
        a0, a1 = (np.concatenate(x, axis=1).ravel() for x in ((a0[:, None], in_a), (in_a, a1[:, None])))
        b0, b1 = (np.concatenate(x, axis=1).ravel() for x in ((b0[:, None], in_b), (in_b, b1[:, None])))


def wasserstein(a: Ordered, b: Ordered, chunk: int = _CHUNK) -> float:
    """Exact first Wasserstein distance of sorted finite samples, in pieces that fit the cache.

    ∫|Qa − Qb|: the merged grid of i/n and j/m is arithmetic, so the samples are never merged.
    """
    if not len(a) or not len(b):
        return float("nan")
    if len(a) > len(b):
        a, b = b, a
    n, m = len(a), len(b)
    total = 0.0
    origin = a[n // 2] if a.dtype == np.int64 else 0
    if n == m:
        for start in range(0, n, chunk):
            gap = _from(a[start : start + chunk], origin) - _from(b[start : start + chunk], origin)
            total += float(np.abs(gap, out=gap).sum())
        return total / n
    for start in range(0, n, chunk):
        stop = min(start + chunk, n)
        first, rest = _spans(start, stop, n, m)
        x = _from(a[start:stop], origin)
        y = _from(b[first[0] : min(first[-1] + 1, m)], origin)
        gap = np.repeat(x, np.diff(first))
        gap -= y[: len(gap)]
        total += float(np.abs(gap, out=gap).sum())
        shared = y[first[1:-1] - first[0]]
        total += float((rest[1:-1] * (np.abs(x[:-1] - shared) - np.abs(x[1:] - shared))).sum())
        if stop < n:
            total += float(rest[-1] * (abs(x[-1] - y[-1]) - abs(float(a[stop] - origin) - y[-1])))
    return total / m


def _from(values: Ordered, origin: float) -> Floats:
    """Return values as floats; integers are counted from `origin`, so that large ones keep every digit."""
    return np.asarray(values - origin if values.dtype == np.int64 else values, dtype=np.float64)


def _spans(start: int, stop: int, n: int, m: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return ⌊i·m/n⌋ and the remainder as a share, for start ≤ i ≤ stop."""
    steps = np.arange(start, stop + 1, dtype=np.int64) * m
    # Division of floats is several times as fast, and rounds down rightly while i·m is exact.
    first = (steps / n).astype(np.int64) if n * m < _EXACT else steps // n
    return first, (steps - first * n) / n
