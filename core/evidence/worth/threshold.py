"""What each operating threshold is worth: chosen on one part of the evaluation rows, judged on the others."""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring.significance import mean_interval

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GRID = tuple(round(i / 100, 2) for i in range(1, 100))
BANDS = 10


@dataclass(frozen=True, eq=False)
class Rows:
    """Evaluation rows: the probability of yes, what it was, and what either decision is worth, per row."""

    probability: Floats
    positive: Flags
    worth_yes: Floats
    worth_no: Floats

    def part(self, taken: Flags) -> "Rows":
        """Return some of the rows."""
        return Rows(
            self.probability[taken], self.positive[taken], self.worth_yes[taken], self.worth_no[taken]
        )

    def decided(self, threshold: float) -> tuple[Flags, Floats]:
        """Return the decision and the worth of each row at a threshold: yes at or above it."""
        yes = self.probability >= threshold
        return yes, np.where(yes, self.worth_yes, self.worth_no)


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold: the mean worth of a decision with its interval, decisions by outcome, and shares."""

    threshold: float
    mean: float
    low: float
    high: float
    n: int
    said_yes: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def said_no(self) -> float:
        return 1 - self.said_yes


@dataclass(frozen=True, slots=True)
class Explored:
    """The validation part: worth against threshold, the best one, and deciding without a model at all."""

    points: tuple[Point, ...]
    best: Point
    all_yes: float
    all_no: float

    def point(self, threshold: float) -> Point:
        """Return the point of the grid that lies nearest to a threshold."""
        return min(self.points, key=lambda one: abs(one.threshold - threshold))

    def beats_no_model(self) -> tuple[float, float] | None:
        """The range of thresholds whose mean worth is above that of one decision for everybody; none where none is."""
        limit = max(self.all_yes, self.all_no)
        good = [one.threshold for one in self.points if one.mean > limit]
        return (min(good), max(good)) if good else None


@dataclass(frozen=True, slots=True)
class Band:
    """Rows of one tenth of the probability scale: their share, and the mean worth of a decision among them."""

    share: float
    mean: float


def split(rows: int, seed: str) -> Flags:
    """Say which rows are the validation part: half of them, by a draw that the seed fixes."""
    draw = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]))
    taken = np.zeros(rows, dtype=bool)
    taken[draw.permutation(rows)[: rows // 2]] = True
    return taken


def at(rows: Rows, threshold: float) -> Point:
    """Judge one threshold over some rows."""
    yes, worth = rows.decided(threshold)
    n = len(worth)
    only = float(worth.mean()) if n else math.nan
    mean, low, high = mean_interval(worth) if n > 1 else (only, math.nan, math.nan)
    return Point(
        threshold, mean, low, high, n, float(yes.mean()) if n else math.nan,
        int((yes & rows.positive).sum()), int((yes & ~rows.positive).sum()),
        int((~yes & ~rows.positive).sum()), int((~yes & rows.positive).sum()),
    )  # fmt: skip


def explore(validation: Rows) -> Explored:
    """Judge every threshold of the grid on the validation part; of equals the middle one is best."""
    points = tuple(at(validation, one) for one in GRID)
    top = max(one.mean for one in points)
    best = [one for one in points if one.mean == top]
    return Explored(
        points, best[len(best) // 2], float(validation.worth_yes.mean()), float(validation.worth_no.mean())
    )


def bands(rows: Rows, threshold: float) -> tuple[Band, ...]:
    """Cut rows by probability into tenths: what a promise expects of the mix and of each part of it."""
    _, worth = rows.decided(threshold)
    place = band_of(rows.probability)
    n = len(worth)
    found = []
    for one in range(BANDS):
        inside = place == one
        count = int(inside.sum())
        found.append(Band(count / n if n else 0.0, float(worth[inside].mean()) if count else 0.0))
    return tuple(found)


def band_of(probability: Floats) -> npt.NDArray[np.int64]:
    """Return the tenth of each probability, from 0."""
    return np.clip((probability * BANDS).astype(np.int64), 0, BANDS - 1)
