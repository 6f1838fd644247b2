"""The bootstrap's resamples, as counts per row."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500
WORK = 20_000_000
"""Rows × resamples; larger tables take fewer resamples, never fewer than 100, for their intervals are narrow."""


def resamples(rows: int) -> int:
    """Return how many resamples a table of so many rows gets."""
    return max(100, min(RESAMPLES, WORK // max(rows, 1)))


def draw(strata: Sequence[NDArray[np.intp]], rows: int, *, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """Yield the resamples: how often each row is drawn, as many rows from each stratum as it has.

    `strata` hold row numbers and together cover all `rows`; the same seed gives the same resamples.
    """
    generator = np.random.default_rng(seed)
    for _ in range(resamples(rows)):
        weights = np.empty(rows)
        for stratum in strata:
            size = len(stratum)
            if size:
                weights[stratum] = np.bincount(generator.integers(0, size, size), minlength=size)
        yield weights


def draw_counts(
    counts: NDArray[np.float64], strata: Sequence[NDArray[np.intp]], *, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Yield resamples of units that stand for `counts` rows each: within a stratum as many rows as it has."""
    generator = np.random.default_rng(seed)
    for _ in range(RESAMPLES):
        weights = np.zeros(len(counts))
        for stratum in strata:
            held = counts[stratum]
            total = held.sum()
            if total:
                weights[stratum] = generator.multinomial(int(total), held / total)
        yield weights
