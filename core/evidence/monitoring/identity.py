"""Which prediction ids a log holds, compared by 64-bit hashes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


def no_hashes() -> Hashes:
    """Return hashes of no ids."""
    return np.empty(0, dtype=np.uint64)


def no_days() -> Days:
    """Return the days of no predictions."""
    return np.empty(0, dtype="datetime64[D]")


def find(held: Hashes, wanted: Hashes) -> tuple[Flags, Places]:
    """Return which of `wanted` stand in `held`, which is sorted, and at which place."""
    if not len(held):
        return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=np.intp)
    place = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    return np.asarray(held[place] == wanted), place


@dataclass(frozen=True, slots=True)
class KnownIds:
    """A log's ids, sorted, with the day of each prediction."""

    hashes: Hashes
    days: Days

    @classmethod
    def of(cls, hashes: Hashes, days: Days) -> Self:
        """Sort the ids of a log; the arrays have one entry per prediction."""
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], days[order])

    def joined(self, other: Self) -> Self:
        """Add the ids of another log; of those in both, these stay."""
        if not len(self.hashes):
            return other
        held, _place = find(self.hashes, other.hashes)
        at = np.searchsorted(self.hashes, other.hashes[~held])
        return type(self)(
            np.insert(self.hashes, at, other.hashes[~held]), np.insert(self.days, at, other.days[~held])
        )


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """The label that counts for each id: the last one told; `hashes` are sorted."""

    hashes: Hashes
    labels: pa.ChunkedArray

    @classmethod
    def of(cls, hashes: Hashes, labels: pa.ChunkedArray) -> Self:
        """Keep the last of each id; the arrays come in the order of arrival."""
        order = np.argsort(hashes[::-1], kind="stable")
        kept, first = np.unique(hashes[::-1][order], return_index=True)
        return cls(kept, labels.take(pa.array(len(hashes) - 1 - order[first])) if len(hashes) else labels)
