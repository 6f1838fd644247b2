"""How far a feature's share in the decisions moved: mean |φ| on rows of the log against the evaluation's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.importance import Pair, rank_agreement
from core.evidence.monitoring.significance import adjusted

Floats = NDArray[np.float64]

LEVEL = 0.95
MATERIAL = 0.01
"""Of all attribution before: a smaller move is told by the figures, not by a mark."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One feature: mean |φ| before and after, the 95 % interval of their difference, and its q-value in the month.

    `part` is the difference as a part of all mean |φ| before, −1 to 1 or beyond.
    """

    feature: str
    before: float
    after: float
    low: float
    high: float
    q: float
    part: float

    @property
    def moved(self) -> bool:
        """Whether the move is no chance (Benjamini–Hochberg at 5 %) and large enough to matter."""
        return self.q <= 1 - LEVEL and abs(self.part) >= MATERIAL


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the log: `rows` it holds, `sampled` of them explained; features by falling |difference|."""

    start: date
    rows: int
    sampled: int
    shifts: tuple[Shift, ...]

    @property
    def moved(self) -> tuple[Shift, ...]:
        """The features that moved."""
        return tuple(one for one in self.shifts if one.moved)

    @property
    def agreement(self) -> float:
        """Spearman's ρ of the two orders of importance; NaN below two features."""
        return rank_agreement([Pair(one.feature, one.before, one.after) for one in self.shifts])

    def to_json(self) -> dict[str, Any]:
        """Return the month as plain JSON values."""
        return {
            "start": self.start.isoformat(),
            "rows": self.rows,
            "sampled": self.sampled,
            "shifts": [[s.feature, s.before, s.after, s.low, s.high, s.q, s.part] for s in self.shifts],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            date.fromisoformat(value["start"]),
            int(value["rows"]),
            int(value["sampled"]),
            tuple(Shift(*one) for one in value["shifts"]),
        )


def shifts(before: Floats, after: Floats, names: Sequence[str]) -> tuple[Shift, ...]:
    """Compare attributions (rows × features, same model and unit) of two samples, each of two rows or more.

    Welch's statistic of the mean |φ|, normal since samples are hundreds; q-values over the features of the month.
    """
    left, right = np.abs(before), np.abs(after)
    means, moved = left.mean(axis=0), right.mean(axis=0)
    difference = moved - means
    error = np.sqrt(left.var(axis=0, ddof=1) / len(left) + right.var(axis=0, ddof=1) / len(right))
    normal = NormalDist()
    p = np.array([_tail(d, e, normal) for d, e in zip(difference, error, strict=True)])
    q = adjusted(p)
    half = normal.inv_cdf(0.5 + LEVEL / 2) * error
    whole = float(means.sum()) or math.inf
    found = [
        Shift(
            name,
            float(means[j]),
            float(moved[j]),
            float(difference[j] - half[j]),
            float(difference[j] + half[j]),
            float(q[j]),
            float(difference[j] / whole),
        )
        for j, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.after - one.before), one.feature)))


def _tail(difference: float, error: float, normal: NormalDist) -> float:
    """Two-sided probability of a difference this large by chance; where nothing varies, any difference is certain."""
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return 2 * normal.cdf(-abs(difference) / error)
