"""How often two models decide alike on the same rows, who was right where they do not, and what it would be worth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.evidence.monitoring.significance import mean_interval, wilson

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 30
"""Rows with an outcome below which a difference in money has no interval worth telling."""
MOST_ROWS, MOST_CASES = 2_000, 50
"""Rows of a month that are asked about, evenly spaced, and rows on which the two differ that are kept of them."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Worth of a decision, challenger less champion, with its 95 % interval (paired, normal) over `n` rows."""

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Case:
    """A row on which they differ: the hash of its id in the log, what the challenger says, and how far apart they are.

    What went in and what the champion said stay in the log alone, so that whoever is erased there is gone here.
    """

    id_hash: str
    answer: str | float
    gap: float


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the champion's log: `rows` it holds, `labelled` of them with an outcome, `sampled` scored again.

    `gap` is the mean distance of probabilities or quantities, NaN-free and none where neither gives one. Of rows that
    differ and whose outcome is known, `champion_right` and `challenger_right` say who was (for quantities: nearer).
    `expected` is the worth of a decision, challenger less champion, by the champion's and by the challenger's own
    probabilities; `realised` is the same by outcomes.
    """

    start: date
    rows: int
    labelled: int
    sampled: int
    differing: int
    gap: float | None
    champion_right: int
    challenger_right: int
    expected: tuple[float, float] | None
    realised: Gain | None
    cases: tuple[Case, ...]

    @property
    def agreement(self) -> float:
        """Share of rows on which both decide alike."""
        return 1 - self.differing / self.sampled

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the agreement."""
        return wilson(self.sampled - self.differing, self.sampled)

    def to_json(self) -> dict[str, Any]:
        """Return the month as plain JSON values."""
        return {**asdict(self), "start": self.start.isoformat()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        expected, realised = value["expected"], value["realised"]
        return cls(
            **{
                **value,
                "start": date.fromisoformat(value["start"]),
                "expected": None if expected is None else (float(expected[0]), float(expected[1])),
                "realised": None if realised is None else Gain(**realised),
                "cases": tuple(Case(**one) for one in value["cases"]),
            }
        )


@dataclass(frozen=True, eq=False)
class Said:
    """What one model says of each row: its decision (text) or quantity, and the probability of yes where it gives one."""

    answers: NDArray[Any]
    probability: Floats | None = None


@dataclass(frozen=True, eq=False)
class Prices:
    """What each row is worth in money by decision and outcome."""

    true_positive: Floats
    false_positive: Floats
    false_negative: Floats
    true_negative: Floats

    def of_yes(self, chance: Floats) -> Floats:
        """Worth of a yes less that of a no where yes is true with this probability."""
        return chance * (self.true_positive - self.false_negative) + (1 - chance) * (
            self.false_positive - self.true_negative
        )


def differing(champion: Said, challenger: Said, tolerance: float | None = None) -> Flags:
    """Say on which rows they differ: by another decision, or by more than `tolerance` in a quantity."""
    if tolerance is None:
        return np.asarray(champion.answers != challenger.answers, dtype=bool)
    return np.asarray(np.abs(challenger.answers - champion.answers) > tolerance, dtype=bool)


def distance(champion: Said, challenger: Said) -> Floats | None:
    """Return how far apart the answers of each row are; none for decisions without probabilities."""
    if champion.answers.dtype.kind == "f":
        return np.asarray(np.abs(challenger.answers - champion.answers), dtype=np.float64)
    if champion.probability is None or challenger.probability is None:
        return None
    return np.abs(challenger.probability - champion.probability)


def right(champion: Said, challenger: Said, truth: NDArray[Any], known: Flags) -> tuple[int, int]:
    """Count on which of these rows the champion and on which the challenger was right, or nearer; ties count for none."""
    if champion.answers.dtype.kind == "f":
        quantity = truth[known].astype(float)
        theirs = np.abs(champion.answers[known] - quantity)
        ours = np.abs(challenger.answers[known] - quantity)
        return int((theirs < ours).sum()), int((ours < theirs).sum())
    return (
        int((champion.answers[known] == truth[known]).sum()),
        int((challenger.answers[known] == truth[known]).sum()),
    )


def gains(yes_before: Flags, yes_after: Flags, worth_of_yes: Floats) -> Floats:
    """Return what each row's decision is worth more if the challenger takes it; zero where both decide alike."""
    return np.asarray((yes_after.astype(float) - yes_before.astype(float)) * worth_of_yes)


def gain(values: Floats) -> Gain | None:
    """Return the mean of differences with its interval; none below `FEWEST` rows."""
    if len(values) < FEWEST:
        return None
    return Gain(len(values), *mean_interval(values))


def cases(hashes: NDArray[Any], answers: NDArray[Any], apart: Flags, gap: Floats | None) -> tuple[Case, ...]:
    """Return rows on which they differ, those furthest apart first, at most `MOST_CASES`."""
    where = np.flatnonzero(apart)
    if gap is not None:
        where = where[np.argsort(-gap[where], kind="stable")]
    return tuple(
        Case(
            str(hashes[i]),
            float(answers[i]) if answers.dtype.kind == "f" else str(answers[i]),
            0.0 if gap is None else float(gap[i]),
        )
        for i in where[:MOST_CASES]
    )


def verdict(months: Sequence[Month]) -> tuple[int, int, bool | None]:
    """Return how often champion and challenger were right where they differ, and who more often beyond chance.

    A sign test by Wilson's interval of the challenger's share: rows on which exactly one is right are as good as tosses
    of a coin if both are equally good (McNemar).
    """
    theirs, ours = sum(m.champion_right for m in months), sum(m.challenger_right for m in months)
    if not theirs + ours:
        return theirs, ours, None
    low, high = wilson(ours, theirs + ours)
    return theirs, ours, True if low > 0.5 else False if high < 0.5 else None
