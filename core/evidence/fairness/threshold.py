"""What another threshold would mean for each group: counts at every hundredth, exact at each of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evidence.fairness.groups import Codes, Grouping
from core.evidence.fairness.tally import Flags, Floats, Tally

STEPS = 100
GRID: Floats = np.arange(STEPS + 1) / STEPS


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Rows of each group that reach each threshold of `GRID`, (2, groups, 101): without the event, and with it.

    The event is what the model's probability is of; `event_favourable` says whether reaching the threshold is good for
    the person (a job) or bad (a default).
    """

    reaching: NDArray[np.int64]
    event_favourable: bool

    def tally(self, threshold: float) -> Tally:
        """Count the cells at a threshold, which is rounded to a hundredth."""
        at = round(threshold * STEPS)
        without, with_ = self.reaching[0, :, at], self.reaching[1, :, at]
        all_without, all_with = self.reaching[0, :, 0], self.reaching[1, :, 0]
        if self.event_favourable:
            cells = np.column_stack([all_without - without, without, all_with - with_, with_])
        else:
            cells = np.column_stack([with_, all_with - with_, without, all_without - without])
        return Tally(cells.sum(axis=1), cells, {})


def count(groups: Grouping, event: Flags, probability: Floats, *, event_favourable: bool) -> Thresholds:
    """Count each group's rows at or above each threshold, as the model's own decision compares them."""
    k = len(groups.names)
    place = np.searchsorted(GRID, np.clip(probability, 0.0, 1.0), side="right") - 1
    flat: Codes = (event * k + groups.codes) * (STEPS + 1) + place
    counts = np.bincount(flat, minlength=2 * k * (STEPS + 1)).reshape(2, k, STEPS + 1)
    reaching = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    return Thresholds(reaching.astype(np.int64), event_favourable)
