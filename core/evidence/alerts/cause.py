"""Where a change comes from: the segment that holds most of it, and the features that moved the score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.i18n import N_, _, number, percent

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

LEAST_SHARE = 0.1
LEAST_LIFT = 1.3
CERTAIN = 4.0
"""Standard errors by which a segment must hold more than chance would give it: many segments are looked at."""
KEPT = 3


class CauseKind(StrEnum):
    """How a cause was found."""

    SEGMENT = "segment"
    MIX = "mix"
    ATTRIBUTION = "attribution"


_TEMPLATES: Mapping[CauseKind, str] = {
    CauseKind.SEGMENT: N_("{share} of them come from {column} {value}, which holds {expected} of the rows."),
    CauseKind.MIX: N_("A changed mix of {column} explains {share} of it."),
    CauseKind.ATTRIBUTION: N_("{column} moved the score by {size}, {share} of all movement."),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: `share` of the change, `expected` what the segment would hold by chance, `size` in the score's unit."""

    kind: CauseKind
    column: str
    value: str
    share: float
    expected: float
    size: float

    def text(self) -> str:
        """Say it in the reader's language."""
        sign = "+" if self.size > 0 else "−" if self.size < 0 else ""
        return _(
            _TEMPLATES[self.kind],
            column=self.column,
            value=self.value,
            share=percent(self.share, 0),
            expected=percent(self.expected, 0),
            size=f"{sign}{number(abs(self.size), 3)}",
        )

    def to_json(self) -> dict[str, str | float]:
        """Write it as JSON values."""
        return {
            "kind": self.kind.value,
            "column": self.column,
            "value": self.value,
            "share": self.share,
            "expected": self.expected,
            "size": self.size,
        }


def from_json(stored: Mapping[str, str | float]) -> Cause:
    """Read what `to_json` wrote."""
    return Cause(
        CauseKind(str(stored["kind"])),
        str(stored["column"]),
        str(stored["value"]),
        float(stored["share"]),
        float(stored["expected"]),
        float(stored["size"]),
    )


def of_segments(
    hit: Flags, before: float, segments: Mapping[str, tuple[Sequence[str], Codes]]
) -> list[Cause]:
    """Which values of which columns hold the excess of marked rows, the most telling first.

    `hit` marks the rows in question (missing, new, out of range); `before` is their share in the reference. A segment's
    excess is what it has beyond that share; `segments` are names and codes per row, −1 where there is none.
    """
    total = float(hit.sum() - before * len(hit))
    if total <= 0:
        return []
    hits = float(hit.sum())
    found = []
    for column, (names, codes) in segments.items():
        known = codes >= 0
        rows = np.bincount(codes[known], minlength=len(names)).astype(np.float64)
        marked = np.bincount(codes[known & hit], minlength=len(names)).astype(np.float64)
        excess = marked - before * rows
        for at in range(len(names)):
            share, expected = float(excess[at]) / total, float(rows[at]) / len(hit)
            chance = math.sqrt(max(hits * expected * (1 - expected), 1e-12))
            sure = marked[at] - hits * expected >= CERTAIN * chance
            if expected > 0 and sure and share >= LEAST_SHARE and share >= LEAST_LIFT * expected:
                found.append(Cause(CauseKind.SEGMENT, column, names[at], min(share, 1.0), expected, 0.0))
    # Kullback–Leibler term of the segment: a large share that is far more than expected says most.
    found.sort(key=lambda c: -c.share * math.log(c.share / c.expected))
    kept: dict[str, Cause] = {}
    for one in found:
        kept.setdefault(one.column, one)
    return list(kept.values())[:KEPT]


def of_mix(psi: float, by_segment: Mapping[str, float]) -> list[Cause]:
    """Which segment's changed mix alone brings the distribution to where it is now.

    `by_segment` is, per segment column, the PSI that is left when the reference is given the window's mix of it.
    """
    found = [
        Cause(CauseKind.MIX, column, "", 1 - left / psi, 0.0, 0.0)
        for column, left in by_segment.items()
        if psi > 0 and left < (1 - LEAST_SHARE) * psi
    ]
    return sorted(found, key=lambda c: -c.share)[:KEPT]


def of_attributions(moved: Mapping[str, float]) -> list[Cause]:
    """Which features moved the mean score; `moved` is the expected change of each one's attribution."""
    total = sum(abs(one) for one in moved.values())
    if total <= 0:
        return []
    ranked = sorted(moved.items(), key=lambda pair: -abs(pair[1]))
    return [
        Cause(CauseKind.ATTRIBUTION, column, "", abs(size) / total, 0.0, size)
        for column, size in ranked[:KEPT]
        if abs(size) / total >= LEAST_SHARE
    ]
